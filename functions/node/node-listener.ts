import type { ServerResponse } from "node:http";
import { constants, Http2ServerResponse } from "node:http2";
import { pipeline } from "node:stream/promises";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { App } from "../app/app.ts";
import { releasingSink } from "./releasing-sink.ts";

/**
 * Returns an app as a request listener for Node's HTTP servers, or for anything with the same requests
 * and responses. If a body fails, its connection is closed before the full length is sent, or its HTTP/2
 * stream is reset; the failure is neither sent nor printed, because the audit log has it.
 */
export function createNodeListener(app: App) {
  return getRequestListener(
    async (request, { outgoing }) => {
      const response = await app(request);
      if (response.body === null) return response;
      await send(response, outgoing);
      return RESPONSE_ALREADY_SENT;
    },
    // The app must see the platform's own Request and Response, whatever else runs in the process.
    { overrideGlobalObjects: false },
  );
}

type NodeResponse = ServerResponse | Http2ServerResponse;

async function send(response: Response, outgoing: NodeResponse): Promise<void> {
  const cookies = response.headers.getSetCookie();
  const headers = {
    ...Object.fromEntries(response.headers),
    // The only field sent on several lines, because its values cannot be combined (RFC 9110, 5.3).
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
    // The pipeline has broken off the connection and closed the body, which reports its end to the audit.
  }
}

function breakOff(outgoing: NodeResponse): void {
  if (outgoing instanceof Http2ServerResponse) {
    // A plain destroy() resets the stream with NO_ERROR, which a client may take for a complete body.
    outgoing.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  } else {
    outgoing.destroy();
  }
}
