/// <reference types="aws-lambda" />
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { abortBody, ownsChunks } from "../../core/streaming/body-stream.ts";
import { responseSink } from "../node/response-sink.ts";
import { clientStalled, watchStalls } from "../node/stalls.ts";
import { BrokenOff, expectRejection } from "./broken-off.ts";

/**
 * Sends `response` into the response stream of an invocation. If the body fails, `stop` is aborted, or
 * the client accepts no data for `stallMs` milliseconds (which aborts `stop`), breaks the stream off
 * instead of ending it, and rejects with `BrokenOff` once the body has released everything it held.
 */
export async function sendResponse(
  response: Response,
  stream: Writable,
  stop: AbortController,
  stallMs: number,
): Promise<void> {
  stream.on("error", expectRejection);
  const outgoing = awslambda.HttpResponseStream.from(stream, toPrelude(response));
  // Status and headers are sent with the first write, and an empty body has none.
  outgoing.write("");
  const { body } = response;
  const watched = watchStalls(outgoing, {
    stallMs,
    onStall() {
      if (body) abortBody(body, clientStalled());
      stop.abort(new BrokenOff());
    },
  });
  const sink = responseSink(watched, {
    releases: body !== null && ownsChunks(body),
    breakOff: () => outgoing.destroy(new BrokenOff()),
  });
  try {
    await pipeline(body ?? [], sink, { signal: stop.signal });
  } catch {
    // The audit log has the cause; the runtime would print it in full.
    throw new BrokenOff();
  }
}

/** https://docs.aws.amazon.com/lambda/latest/dg/config-rs-write-functions.html */
function toPrelude({ status, headers }: Response): Record<string, unknown> {
  const cookies = headers.getSetCookie();
  const others = [...headers].filter(([name]) => name !== "set-cookie");
  return {
    statusCode: status,
    headers: Object.fromEntries(others),
    ...(cookies.length > 0 ? { cookies } : {}),
  };
}
