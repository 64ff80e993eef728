import { constants, Http2ServerResponse } from "node:http2";
import { pipeline } from "node:stream/promises";
import { abortBody, ownsChunks } from "../../core/streaming/body-stream.ts";
import type { BreakOff } from "./drain.ts";
import { inPieces, type NodeResponse, unsentBytes, withoutCallbacks } from "./outgoing.ts";
import { responseSink } from "./response-sink.ts";
import { clientStalled, watchStalls } from "./stalls.ts";

/** Options of `sendResponse`. */
export interface SendResponseOptions {
  /** The request's signal, which is aborted once the client has left. */
  readonly signal: AbortSignal;
  /** Longest time that the client may take no byte, in milliseconds. */
  readonly stallMs: number;
  /** Is told how to break the response off while its body is being sent. */
  readonly onBreakOff: (breakOff: BreakOff) => void;
}

/** Largest piece that an HTTP/2 stream is given at once, in bytes: its progress shows only between pieces. */
const PIECE_BYTES = 64 * 1024;

/**
 * Sends `response` as `outgoing`. If its body fails, or its client stalls, the connection is closed before the
 * full length is sent, or reset if the body has neither length nor chunks; an HTTP/2 stream is reset. Resolves
 * to the error of such a body, or to `undefined` if there is none: if the client has left or stalled, or if the
 * body is an archive, whose end is reported to the audit. Rejects if the headers cannot be sent, after closing
 * the body.
 */
export async function sendResponse(
  response: Response,
  outgoing: NodeResponse,
  { signal, stallMs, onBreakOff }: SendResponseOptions,
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
  const hasLength = response.headers.has("Content-Length");
  const stop: BreakOff = (reason) => {
    abortBody(body, reason);
    breakOff(outgoing, hasLength);
  };
  onBreakOff(stop);
  let failure: unknown;
  const watched = watchStalls(isReplaced ? withoutCallbacks(outgoing) : outgoing, {
    stallMs,
    unsent: () => unsentBytes(outgoing),
    onStall: () => stop(clientStalled()),
  });
  const isHttp2 = outgoing instanceof Http2ServerResponse;
  const sink = responseSink(isHttp2 ? inPieces(watched, PIECE_BYTES) : watched, {
    releases: isArchive && !isReplaced,
    breakOff(error) {
      if (!isArchive && !signal.aborted) failure = error;
      breakOff(outgoing, hasLength);
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
