import type { IncomingMessage, ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import type { App } from "../../functions/index.ts";
import {
  createNodeListener,
  type NodeListenerOptions,
} from "../../functions/node/node-listener.ts";
import { listen } from "./examples.ts";

/** Serves an app until the test is over, and returns its URL. `before` is run on each request first. */
export async function served(
  app: App,
  options: NodeListenerOptions = {},
  before: (incoming: IncomingMessage, outgoing: ServerResponse) => unknown = () => undefined,
): Promise<string> {
  const listener = createNodeListener(app, options);
  const { url, stop } = await listen(async (incoming, outgoing) => {
    await before(incoming, outgoing);
    await listener(incoming, outgoing);
  });
  onTestFinished(stop);
  return url;
}
