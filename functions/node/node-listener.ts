import type { ServerResponse } from "node:http";
import { constants, Http2ServerResponse } from "node:http2";
import { pipeline } from "node:stream/promises";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { App } from "../app/app.ts";
import { releasingSink } from "./releasing-sink.ts";

/**
 * An app as a listener of Node's HTTP servers, or anything with their requests and responses. A body
 * that fails ends the connection short of its length, by closing it, or resets its HTTP/2 stream;
 * nothing of the failure is sent or printed, as the audit log has it.
 */
export function createNodeListener(app: App) {
  return getRequestListener(
    async (request, { outgoing }) => {
      const response = await app(request);
      if (response.body === null) return response;
      await send(response, outgoing);
      return RESPONSE_ALREADY_SENT;
    },
    // The app is to see the platform's own Request and Response, whatever else is in the process.
    { overrideGlobalObjects: false },
  );
}

type NodeResponse = ServerResponse | Http2ServerResponse;

async function send(response: Response, outgoing: NodeResponse): Promise<void> {
  const cookies = response.headers.getSetCookie();
  const headers = {
    ...Object.fromEntries(response.headers),
    // The one field that is there more than once, as its values cannot be joined (RFC 9110, 5.3).
    ...(cookies.length > 0 ? { "set-cookie": cookies } : {}),
  };
  if (outgoing instanceof Http2ServerResponse) outgoing.writeHead(response.status, headers);
  else outgoing.writeHead(response.status, headers).flushHeaders();
  try {
    await pipeline(
      response.body ?? [],
      releasingSink(outgoing, () => breakOff(outgoing)),
    );
  } catch {
    // The pipeline has broken the connection and closed the body, whose own end tells the audit.
  }
}

function breakOff(outgoing: NodeResponse): void {
  if (outgoing instanceof Http2ServerResponse) {
    // Destroyed without a word, a stream ends with NO_ERROR, which a client may take for its end.
    outgoing.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  } else {
    outgoing.destroy();
  }
}
