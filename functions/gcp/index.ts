/** `@ziplink/ziplink/gcp`: an app as a function of Google Cloud. Needs `@google-cloud/functions-framework`. */
import type { Server } from "node:http";
import { withOptionalPackages } from "../../adapters/optional-packages.ts";
import type { ResponseLimits } from "../../core/http/respond.ts";
import type { App } from "../app/app.ts";
import { defaults } from "../config/defaults.ts";
import { Drain } from "../node/drain.ts";
import { createDrainedListener, type NodeListenerOptions } from "../node/node-listener.ts";
import { stopOnSignals, stopServer } from "../node/stop-server.ts";
import { restoreUrl, tameFramework } from "./framework-requests.ts";
import { ignoreFrameworkSignals } from "./framework-signals.ts";

export type { App, NodeListenerOptions, ResponseLimits };

/**
 * The `responseLimits` of an app on Cloud Run over HTTP/1, which fails a response whose Content-Length
 * is above 32 MiB, but allows any length in chunks (https://cloud.google.com/run/quotas).
 */
export const cloudRunResponseLimits: ResponseLimits = {
  maxResponseBytes: Infinity,
  maxFixedLength: 32 * 1024 * 1024,
};

/** Options of `registerFunction`. */
export interface FunctionOptions extends NodeListenerOptions {
  /**
   * Seconds that downloads have to end when the process is told to stop, before they are broken off. Default
   * 10, which is what Cloud Run gives (https://cloud.google.com/run/docs/container-contract#instance-shutdown).
   */
  readonly drainSeconds?: number;
}

/**
 * Registers `app` with functions-framework as the function `name`. Keeps the framework from reading and logging
 * request bodies and URLs, and from ending the process in the middle of downloads. Rejects with
 * `MissingPackageError` if the framework is not installed.
 */
export async function registerFunction(
  name: string,
  app: App,
  options: FunctionOptions = {},
): Promise<void> {
  const { http } = await withOptionalPackages(() => import("@google-cloud/functions-framework"));
  const { drainSeconds = defaults.drainSeconds } = options;
  const drain = new Drain();
  const listener = createDrainedListener(app, options, drain);
  let server: Server | undefined;
  tameFramework((own) => {
    server ??= own;
  });
  ignoreFrameworkSignals();
  stopOnSignals(async () => {
    if (server) await stopServer(server, drain, drainSeconds);
    // Without a request so far, nothing is in progress.
    else process.exit();
  }, drainSeconds);
  http(name, (request, response) => {
    restoreUrl(request);
    return listener(request, response);
  });
}
