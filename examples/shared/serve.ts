import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { type App, createNodeListener } from "../../functions/index.ts";

/**
 * Serves on this machine alone, on `port` or, for 0, a free one. Resolves once it listens.
 *
 * @param create makes the application, which may need to know where it is reached
 */
export async function serve(port: number, create: (url: string) => App): Promise<Server> {
  const server = createServer();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");
  const { port: actual } = server.address() as AddressInfo;
  server.on("request", createNodeListener(create(`http://127.0.0.1:${actual}`)));
  const shutDown = () => {
    server.close();
    server.closeIdleConnections();
  };
  process.once("SIGTERM", shutDown);
  process.once("SIGINT", shutDown);
  return server;
}
