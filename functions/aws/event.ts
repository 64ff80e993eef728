import * as z from "zod/mini";
import { ZiplinkError } from "../../core/errors.ts";
import { validate } from "../../core/input/validate.ts";

const optional = z.nullish;
const record = <T extends z.ZodMiniType>(schema: T) => optional(z.record(z.string(), schema));
const body = { body: optional(z.string()), isBase64Encoded: optional(z.boolean()) };

/**
 * Format 2.0: Function URLs and HTTP APIs.
 * https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-payloads
 */
const version2 = z.object({
  version: z.literal("2.0"),
  rawPath: z.string().check(z.startsWith("/")),
  rawQueryString: optional(z.string()),
  cookies: optional(z.array(z.string())),
  headers: record(z.string()),
  requestContext: z.object({
    stage: optional(z.string()),
    domainName: optional(z.string()),
    http: z.object({ method: z.string() }),
  }),
  ...body,
});

/**
 * Format 1.0: REST APIs.
 * https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html
 */
const version1 = z.object({
  httpMethod: z.string(),
  path: z.string().check(z.startsWith("/")),
  headers: record(z.string()),
  multiValueHeaders: record(z.array(z.string())),
  queryStringParameters: record(z.string()),
  multiValueQueryStringParameters: record(z.array(z.string())),
  requestContext: z.object({
    path: optional(z.string().check(z.startsWith("/"))),
    stage: optional(z.string()),
    domainName: optional(z.string()),
  }),
  ...body,
});

type Event1 = z.infer<typeof version1>;
type Event2 = z.infer<typeof version2>;

/**
 * Converts an event of format 1.0 or 2.0 into a request. The path is as the client sent it, without the
 * API's stage, and no content coding is accepted. Throws `malformed` if the event is not an HTTP request.
 */
export function toRequest(event: unknown, signal: AbortSignal): Request {
  const { data, error } = validate(z.union([version2, version1]), event, { isOnce: true });
  if (!data) throw noRequest(error);
  try {
    const request = "rawPath" in data ? fromVersion2(data, signal) : fromVersion1(data, signal);
    // A Function URL unpacks an encoded stream, and CloudFront may then send it under the wrong
    // header: https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/issues/96
    request.headers.delete("Accept-Encoding");
    return request;
  } catch (cause) {
    throw noRequest(cause); // an invalid method, header or host
  }
}

function noRequest(cause: unknown): ZiplinkError {
  const message = "The event is not an HTTP request of a Function URL or API Gateway.";
  return new ZiplinkError("malformed", message, { cause });
}

function fromVersion2(event: Event2, signal: AbortSignal): Request {
  const { rawPath, rawQueryString, cookies, requestContext } = event;
  const headers = new Headers(event.headers ?? {});
  if (cookies?.length) headers.set("Cookie", cookies.join("; "));
  const { http, stage, domainName } = requestContext;
  const path = withoutStage(rawPath, stage);
  const url = toUrl(headers, domainName, path, rawQueryString ?? "");
  return new Request(url, { method: http.method, headers, ...toBody(http.method, event), signal });
}

function fromVersion1(event: Event1, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of pairs(event.multiValueHeaders, event.headers)) {
    headers.append(name, value);
  }
  const { path: whole, stage, domainName } = event.requestContext;
  // `path` is decoded and has no stage. With a custom domain, the whole path has none either.
  const hasStage = whole != null && whole !== event.path;
  const path = hasStage ? withoutStage(whole, stage) : event.path;
  // The gateway only passes on the decoded query, so it is encoded again.
  const query = new URLSearchParams([
    ...pairs(event.multiValueQueryStringParameters, event.queryStringParameters),
  ]);
  const url = toUrl(headers, domainName, path, query.toString());
  const { httpMethod: method } = event;
  return new Request(url, { method, headers, ...toBody(method, event), signal });
}

/** Yields names and values in order, from `multi` or, if that is absent, from `single`. */
function* pairs(
  multi: Event1["multiValueHeaders"],
  single: Event1["headers"],
): Generator<[string, string]> {
  for (const [name, values] of Object.entries(multi ?? {})) {
    for (const value of values) yield [name, value];
  }
  if (multi == null) yield* Object.entries(single ?? {});
}

function withoutStage(path: string, stage: string | null | undefined): string {
  if (!stage || stage === "$default") return path;
  if (path === `/${stage}`) return "/";
  return path.startsWith(`/${stage}/`) ? path.slice(stage.length + 1) : path;
}

function toUrl(
  headers: Headers,
  domainName: string | null | undefined,
  path: string,
  query: string,
): string {
  const scheme = headers.get("x-forwarded-proto") === "http" ? "http" : "https";
  const host = headers.get("host") ?? domainName ?? "localhost";
  return `${scheme}://${host}${path}${query === "" ? "" : `?${query}`}`;
}

/** GET and HEAD requests get no body, whatever the client sent. */
function toBody(method: string, { body, isBase64Encoded }: Event1 | Event2): RequestInit {
  if (body == null || /^(GET|HEAD)$/i.test(method)) return {};
  return { body: isBase64Encoded ? Buffer.from(body, "base64") : body };
}
