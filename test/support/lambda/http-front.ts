import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { StreamedResponse } from "./runtime-api.ts";

/**
 * Creates a server that works like a Function URL: it turns requests into events of format 2.0, and
 * streamed results into responses. When a client disconnects, it stops reading, without notice to
 * the function.
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */
export function createFunctionUrl(invoke: (event: object) => Promise<StreamedResponse>) {
  return createServer(async (request, response) => {
    try {
      const streamed = await invoke(await toEvent(request));
      await send(streamed, response);
    } catch (error) {
      if (!response.headersSent) response.writeHead(502).end(String(error));
      else response.destroy();
    }
  });
}

async function toEvent(request: IncomingMessage): Promise<object> {
  const { method = "GET", url = "/" } = request;
  const [rawPath, rawQueryString = ""] = url.split(/\?(.*)/s);
  const { cookie, ...headers } = request.headers;
  const body = Buffer.concat(await request.toArray());
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString,
    ...(cookie === undefined ? {} : { cookies: cookie.split("; ") }),
    headers: { ...headers, "x-forwarded-proto": "http" },
    requestContext: {
      domainName: headers.host,
      http: { method, path: rawPath, protocol: "HTTP/1.1", sourceIp: "127.0.0.1" },
      stage: "$default",
    },
    ...(body.length > 0 ? { body: body.toString("base64") } : {}),
    isBase64Encoded: body.length > 0,
  };
}

async function send({ prelude, body, closed }: StreamedResponse, response: ServerResponse) {
  const left = once(response, "close");
  response.writeHead(prelude.statusCode, {
    ...prelude.headers,
    ...(prelude.cookies ? { "set-cookie": [...prelude.cookies] } : {}),
  });
  response.flushHeaders();
  for await (const chunk of body) {
    if (response.write(chunk)) continue;
    await Promise.race([left, once(response, "drain")]);
    if (response.closed) await closed;
  }
  response.end();
}
