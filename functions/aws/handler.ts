import type { Writable } from "node:stream";
import { ZiplinkError } from "../../core/errors.ts";
import { problemResponse } from "../../core/http/problem.ts";
import type { App } from "../app/app.ts";
import { toRequest } from "./event.ts";
import { sendResponse } from "./send-response.ts";

/** How long before the deadline of an invocation it stops, so that the end is ours and is logged. */
const MARGIN_MS = 5_000;

/** What an invocation needs to know of its time. */
export interface Invocation {
  /** Milliseconds until Lambda ends the invocation. */
  getRemainingTimeInMillis(): number;
}

/**
 * An app as what `awslambda.streamifyResponse` takes. Everything that goes wrong before the first byte
 * is a response; what goes wrong behind it breaks the response off, and the handler rejects.
 *
 * It stops 5 seconds before the invocation's deadline, and when a client takes nothing for `stallSeconds`:
 * Lambda does not tell that a client has left, and the invocation would go on and be paid for.
 */
export function createLambdaHandler(app: App, stallSeconds: number) {
  return async (event: unknown, stream: Writable, invocation: Invocation): Promise<void> => {
    const stop = new AbortController();
    const deadline = setTimeout(
      () => stop.abort(new ZiplinkError("timeout", "The function's time is up. Resume from here.")),
      invocation.getRemainingTimeInMillis() - MARGIN_MS,
    );
    try {
      const response = await answer(app, event, stop.signal);
      // When time is up before there is a response, there is still enough of it to say so.
      const sending = stop.signal.aborted ? new AbortController() : stop;
      await sendResponse(response, stream, sending, stallSeconds * 1000);
    } finally {
      clearTimeout(deadline);
    }
  };
}

async function answer(app: App, event: unknown, signal: AbortSignal): Promise<Response> {
  try {
    const response = await app(toRequest(event, signal));
    if (signal.aborted) await response.body?.cancel();
    signal.throwIfAborted();
    return response;
  } catch (error) {
    return problemResponse(error);
  }
}
