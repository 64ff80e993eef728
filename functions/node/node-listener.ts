import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import type { Logger } from "pino";
import { describeFailure } from "../../core/http/audit.ts";
import { describeProblem, problemResponse } from "../../core/http/problem.ts";
import type { App } from "../app/app.ts";
import { defaults } from "../config/defaults.ts";
import { createLogger } from "../observability/log.ts";
import { Drain } from "./drain.ts";
import { settleHost } from "./host.ts";
import type { NodeResponse } from "./outgoing.ts";
import { type NodeRequest, withParsedBody } from "./parsed-body.ts";
import { sendResponse } from "./send-response.ts";

/** Options of `createNodeListener`. */
export interface NodeListenerOptions {
  /**
   * Receives an error that the app throws, and must then answer the request; for example Express's `next`.
   * Also receives the error of a response body that fails midway, after its connection has been broken.
   * Archives report their own failures to the audit instead. Default: the error is logged, and answered
   * with its `problemResponse`.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
  /** Logs errors where there is no `onError`. Default: a logger that writes to standard output. */
  readonly logger?: Logger | undefined;
  /** Seconds that a client may take no byte before its response is broken off. Default 30; `Infinity`: no limit. */
  readonly clientStallSeconds?: number | undefined;
}

/**
 * Returns an app as a request listener for Node's HTTP servers, or for anything with the same requests
 * and responses, such as Express and Fastify. If the framework has already parsed a request's body, the
 * app reads what the framework left at `request.body`.
 *
 * If a response body fails, or its client stalls, its connection is closed before the full length is sent, or
 * its HTTP/2 stream is reset. Errors that the app throws after the client has left are not reported.
 */
export function createNodeListener(app: App, options: NodeListenerOptions = {}) {
  return createDrainedListener(app, options, new Drain());
}

/** Does the same, and has `drain` follow the responses. */
export function createDrainedListener(app: App, options: NodeListenerOptions, drain: Drain) {
  const stallMs = (options.clientStallSeconds ?? defaults.clientStallSeconds) * 1000;
  const listen = getRequestListener(
    async (request, { incoming, outgoing }) => {
      const { signal } = request;
      const { onError = (error) => logError(error, options.logger) } = options;
      const sending = { signal, stallMs, onBreakOff: drain.follow(outgoing) };
      let failure: unknown;
      try {
        const response = await app(withParsedBody(request, incoming));
        failure = await sendResponse(response, outgoing, sending);
      } catch (error) {
        if (signal.aborted) return RESPONSE_ALREADY_SENT;
        onError(error);
        if (options.onError || outgoing.headersSent) return RESPONSE_ALREADY_SENT;
        await sendResponse(problemResponse(error), outgoing, sending);
      }
      if (failure !== undefined) onError(failure);
      return RESPONSE_ALREADY_SENT;
    },
    // The app must see the platform's own Request and Response, whatever else runs in the process.
    { overrideGlobalObjects: false },
  );
  return async (incoming: NodeRequest, outgoing: NodeResponse): Promise<void> => {
    try {
      settleHost(incoming);
    } catch (error) {
      const signal = new AbortController().signal;
      const onBreakOff = drain.follow(outgoing);
      await sendResponse(problemResponse(error), outgoing, { signal, stallMs, onBreakOff });
      return;
    }
    await listen(incoming, outgoing);
  };
}

function logError(error: unknown, logger = createLogger({ logLevel: "info" })): void {
  const { status } = describeProblem(error);
  const line = { status, failure: describeFailure(error) };
  if (status >= 500) logger.error(line, "request_failed");
  else logger.info(line, "request_failed");
}
