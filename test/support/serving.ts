import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { BlobSource } from "../../core/blob-source.ts";
import type { HandlerOptions } from "../../core/http/handler.ts";
import { createNodeListener } from "../../functions/node/node-listener.ts";
import { handlerOf } from "./handlers.ts";

/** Serves a handler over `source` with Node's HTTP server, for as long as the test runs. */
export async function serve(source: BlobSource, options: Partial<HandlerOptions> = {}) {
  const handler = handlerOf(source, options);
  const listener = createNodeListener((request) =>
    handler.send(new URL(request.url).pathname.slice(1), {
      method: request.method,
      headers: request.headers,
      signal: request.signal,
    }),
  );
  const server = createServer(listener);
  onTestFinished(() => void server.close());
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    ...handler,
    /** Returns the URL of the archive spec `zip`. */
    url: async (zip: unknown) => `http://127.0.0.1:${port}/${await handler.sign(zip)}`,
  };
}
