import type { Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { type Outgoing, recyclingSink } from "../recycling-sink.ts";
import { BrokenOff, expectRejection } from "./broken-off.ts";

/** How long a client may take nothing. */
const STALL_MS = 30_000;

/**
 * Sends `response` into the response stream of an invocation. If the body fails, `stop` is aborted, or
 * the client takes nothing for 30 seconds (which aborts `stop`), the stream is broken off, not ended,
 * and it rejects with `BrokenOff`.
 */
export async function sendResponse(
  response: Response,
  stream: Writable,
  stop: AbortController,
): Promise<void> {
  stream.once("error", expectRejection);
  const outgoing = awslambda.HttpResponseStream.from(stream, toPrelude(response));
  // Status and headers go out with the first write, and there is none in an empty body.
  outgoing.write("");
  const breakOff = () => outgoing.destroy(new BrokenOff());
  const sink = recyclingSink(
    watch(outgoing, () => stop.abort(new BrokenOff())),
    breakOff,
  );
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

/** `outgoing`, with `onStall` called if a write waits for too long. */
function watch(outgoing: Writable, onStall: () => void): Outgoing {
  return {
    write(chunk, done) {
      const timer = setTimeout(onStall, STALL_MS);
      outgoing.write(chunk, (error) => {
        clearTimeout(timer);
        done(error);
      });
    },
    end: (done) => outgoing.end(done),
    once: (event, listener) => outgoing.once(event, listener),
  };
}
