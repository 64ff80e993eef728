import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type App, createNodeListener } from "../../functions/index.ts";

export interface Serving {
  /** Where it is reached, without a slash at the end. */
  readonly url: string;
  /** Resolves when it has ended, by a signal, and with it the last download. */
  readonly closed: Promise<unknown>;
}

/**
 * Serves on this machine alone, on `port` or, for 0, a free one. Resolves once it listens.
 *
 * @param create makes the application, which may need to know where it is reached
 */
export async function serve(port: number, create: (url: string) => App): Promise<Serving> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  server.on("request", createNodeListener(create(url)));
  const shutDown = () => void server.close();
  process.once("SIGTERM", shutDown);
  process.once("SIGINT", shutDown);
  return { url, closed: once(server, "close") };
}
