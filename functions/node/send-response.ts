import type { ServerResponse } from "node:http";
import { constants, Http2ServerResponse } from "node:http2";
import { pipeline } from "node:stream/promises";
import { ownsChunks } from "../../core/streaming/body-stream.ts";
import { type Outgoing, responseSink } from "./response-sink.ts";

/** A response of Node's HTTP servers, or of a framework that extends them. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/**
 * Sends `response` as `outgoing`. If its body fails, the connection is closed before the full length is
 * sent, or reset if the body has neither length nor chunks; an HTTP/2 stream is reset. Resolves to the error of such a body, or to `undefined` if there is
 * none: if the client has left (`signal`), or if the body is an archive, whose end is reported to the audit.
 * Rejects if the headers cannot be sent, after closing the body.
 */
export async function sendResponse(
  response: Response,
  outgoing: NodeResponse,
  signal: AbortSignal,
): Promise<unknown> {
  const { body } = response;
  try {
    writeHead(response, outgoing);
  } catch (error) {
    await body?.cancel();
    throw error;
  }
  if (body === null) {
    outgoing.end();
    return undefined;
  }
  // Middleware that compresses or counts replaces `write` and `end`, often with functions that take no
  // callback and keep the chunk. Frameworks inherit them.
  const isReplaced = Object.hasOwn(outgoing, "write") || Object.hasOwn(outgoing, "end");
  const isArchive = ownsChunks(body);
  let failure: unknown;
  const sink = responseSink(isReplaced ? withoutCallbacks(outgoing) : outgoing, {
    releases: isArchive && !isReplaced,
    breakOff(error) {
      if (!isArchive && !signal.aborted) failure = error;
      breakOff(outgoing, response.headers.has("Content-Length"));
    },
  });
  try {
    await pipeline(body, sink);
  } catch {
    // The pipeline has broken off the connection and closed the body.
  }
  return failure;
}

function writeHead({ status, headers, body }: Response, outgoing: NodeResponse): void {
  const cookies = headers.getSetCookie();
  const fields = {
    ...Object.fromEntries(headers),
    // The only field sent on several lines, because its values cannot be combined (RFC 9110, 5.3).
    ...(cookies.length > 0 ? { "set-cookie": cookies } : {}),
  };
  if (outgoing instanceof Http2ServerResponse) {
    outgoing.writeHead(status, fields);
  } else {
    outgoing.writeHead(status, fields);
    if (body) outgoing.flushHeaders();
  }
}

/** The methods that both kinds of response share. */
interface Written {
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  on(event: "drain", listener: () => void): unknown;
  once(event: "finish" | "close", listener: () => void): unknown;
}

/** Waits for room in the buffer of `outgoing`, as `pipe` does, not until the system has each chunk. */
function withoutCallbacks(outgoing: Written): Outgoing {
  let goOn: () => void = () => undefined;
  // One listener for all chunks: where `on` is replaced too, `once` would leave its listeners behind.
  outgoing.on("drain", () => goOn());
  return {
    write(chunk, done) {
      if (outgoing.write(chunk) !== false) return done();
      goOn = () => {
        goOn = () => undefined;
        done();
      };
    },
    end(done) {
      outgoing.once("finish", done);
      outgoing.end();
    },
    once: (event, listener) => outgoing.once(event, listener),
  };
}

function breakOff(outgoing: NodeResponse, hasLength: boolean): void {
  if (outgoing instanceof Http2ServerResponse) {
    // A plain destroy() resets the stream with NO_ERROR, which a client may take for a complete body.
    outgoing.stream.close(constants.NGHTTP2_INTERNAL_ERROR);
  } else if (!hasLength && !outgoing.chunkedEncoding) {
    // Only the end of the connection ends such a body (RFC 9112, 6.3), as of a compressed archive for a
    // client of HTTP/1.0, which nginx is to upstreams by default. A FIN would look like the regular end.
    outgoing.socket?.resetAndDestroy();
  } else {
    outgoing.destroy();
  }
}
