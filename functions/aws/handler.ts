import type { Writable } from "node:stream";
import type { Context } from "aws-lambda";
import { ZiplinkError } from "../../core/errors.ts";
import { problemResponse } from "../../core/problem.ts";
import type { App } from "../app.ts";
import { toRequest } from "./event.ts";
import { sendResponse } from "./send-response.ts";

/** How long before the deadline of an invocation it stops, so that the end is ours and is logged. */
const MARGIN_MS = 5_000;

/** What an invocation needs to know of its time. */
export type Invocation = Pick<Context, "getRemainingTimeInMillis">;

/**
 * An app as what `awslambda.streamifyResponse` takes. Everything that goes wrong before the first byte
 * is a response; what goes wrong behind it breaks the response off, and the handler rejects.
 *
 * It stops 5 seconds before the invocation's deadline, and when a client takes nothing for 30 seconds:
 * Lambda tells of no client that has left, and goes on and is paid for until then.
 */
export function createLambdaHandler(app: App) {
  return async (event: unknown, stream: Writable, invocation: Invocation): Promise<void> => {
    const stop = new AbortController();
    const deadline = setTimeout(
      () => stop.abort(new ZiplinkError("timeout", "The function's time is up. Resume from here.")),
      invocation.getRemainingTimeInMillis() - MARGIN_MS,
    );
    try {
      const response = await answer(app, event, stop.signal);
      await sendResponse(response, stream, stop);
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
