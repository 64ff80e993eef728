import type { Writable } from "node:stream";
import { ZiplinkError } from "../../core/errors.ts";
import { problemResponse } from "../../core/http/problem.ts";
import type { App } from "../app/app.ts";
import { toRequest } from "./event.ts";
import { sendResponse } from "./send-response.ts";

/** How long before its deadline an invocation stops, so that it ends in order and is logged. */
const MARGIN_MS = 5_000;

/** The part of an invocation's context that states its remaining time. */
export interface Invocation {
  /** Milliseconds until Lambda ends the invocation. */
  getRemainingTimeInMillis(): number;
}

/**
 * Wraps an app for `awslambda.streamifyResponse`. A failure before the first byte becomes an error
 * response; a later one breaks the response off, and the handler rejects.
 *
 * It stops 5 seconds before the invocation's deadline, and when a client accepts no data for
 * `stallSeconds`: Lambda does not report that a client has left, and the invocation would keep running
 * and be billed.
 */
export function createLambdaHandler(app: App, stallSeconds: number) {
  return async (event: unknown, stream: Writable, invocation: Invocation): Promise<void> => {
    const stop = new AbortController();
    const deadline = setTimeout(
      () =>
        stop.abort(
          new ZiplinkError("timeout", "The function ran out of time. Resume the download."),
        ),
      invocation.getRemainingTimeInMillis() - MARGIN_MS,
    );
    try {
      const response = await answer(app, event, stop.signal);
      // If time runs out before there is a response, the margin is enough to send the error.
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
