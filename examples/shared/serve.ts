import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { type App, createNodeListener } from "../../functions/index.ts";

export interface Serving {
  /** The address, without a trailing slash. */
  readonly url: string;
  /** Resolves when the server has been ended by a signal and the last download is over. */
  readonly closed: Promise<unknown>;
}

/**
 * Serves on this machine alone, on `port` or, if it is 0, on a free port. Resolves once the server
 * is listening.
 *
 * @param create creates the application, given its address
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
