/** A plain Node server, for a machine or a container: `node functions/node.ts`. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { readConfig } from "./config.ts";
import { createLogger } from "./log.ts";
import { createNodeListener } from "./node-listener.ts";
import { createService } from "./service.ts";

const config = readConfig(process.env);
const server = createServer(createNodeListener(await createService(config)));
server.listen(config.port, config.host ?? "0.0.0.0", () => {
  const { address, port } = server.address() as AddressInfo;
  createLogger(config).info({ address, port }, "listening");
});

/** Takes no more requests, lets the downloads under way end, and exits by itself then. */
function shutDown(): void {
  server.close();
  server.closeIdleConnections();
}
process.once("SIGTERM", shutDown);
process.once("SIGINT", shutDown);
