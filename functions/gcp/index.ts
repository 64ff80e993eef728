/** `@ziplink/ziplink/gcp`: an app as a function of Google Cloud. Needs `@google-cloud/functions-framework`. */
import { withOptionalPackages } from "../../adapters/optional-packages.ts";
import type { ResponseLimits } from "../../core/http/respond.ts";
import type { App } from "../app/app.ts";
import { createNodeListener, type NodeListenerOptions } from "../node/node-listener.ts";
import { leaveBodiesUnparsed } from "./unparsed-bodies.ts";

export type { App, NodeListenerOptions, ResponseLimits };

/**
 * The `responseLimits` of an app on Cloud Run over HTTP/1, which fails a response whose Content-Length
 * is above 32 MiB, but allows any length in chunks (https://cloud.google.com/run/quotas).
 */
export const cloudRunResponseLimits: ResponseLimits = {
  maxResponseBytes: Infinity,
  maxFixedLength: 32 * 1024 * 1024,
};

/**
 * Registers `app` with functions-framework as the function `name`, and keeps the framework from reading
 * and logging request bodies. Rejects with `MissingPackageError` if the framework is not installed.
 */
export async function registerFunction(
  name: string,
  app: App,
  options: NodeListenerOptions = {},
): Promise<void> {
  const { http } = await withOptionalPackages(() => import("@google-cloud/functions-framework"));
  const listener = createNodeListener(app, options);
  leaveBodiesUnparsed();
  http(name, (request, response) => listener(request, response));
}
