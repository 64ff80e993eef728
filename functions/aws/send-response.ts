/// <reference types="aws-lambda" />
import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Outgoing, releasingSink } from "../node/releasing-sink.ts";
import { BrokenOff, expectRejection } from "./broken-off.ts";

/**
 * Sends `response` into the response stream of an invocation. If the body fails, `stop` is aborted, or
 * the client takes nothing for `stallMs` milliseconds (which aborts `stop`), the stream is broken off, not
 * ended, and it rejects with `BrokenOff`, once the body has let go of all it held.
 */
export async function sendResponse(
  response: Response,
  stream: Writable,
  stop: AbortController,
  stallMs: number,
): Promise<void> {
  stream.on("error", expectRejection);
  const outgoing = awslambda.HttpResponseStream.from(stream, toPrelude(response));
  // Status and headers go out with the first write, and there is none in an empty body.
  outgoing.write("");
  const watched = watch(outgoing, stallMs, () => stop.abort(new BrokenOff()));
  const sink = releasingSink(watched, () => outgoing.destroy(new BrokenOff()));
  try {
    await pipeline(response.body ?? [], sink, { signal: stop.signal });
  } catch {
    // What the failure was is in the audit log; here it would be printed whole.
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

/** `outgoing`, with `onStall` called if a write waits for `stallMs`. */
function watch(outgoing: Writable, stallMs: number, onStall: () => void): Outgoing {
  return {
    write(chunk, done) {
      const timer = setTimeout(onStall, stallMs);
      outgoing.write(chunk, (error) => {
        clearTimeout(timer);
        done(error);
      });
    },
    end: (done) => outgoing.end(done),
    once: (event, listener) => outgoing.once(event, listener),
  };
}
