/** A plain Node server, for a machine or a container: `node functions/node.ts`. */
import type { AddressInfo } from "node:net";
import { readConfig } from "./config.ts";
import { createLogger } from "./log.ts";
import { createNodeServer } from "./node-server.ts";
import { createService } from "./service.ts";

const config = readConfig(process.env);
const { server, shutDown } = createNodeServer(await createService(config), config);
server.listen(config.port, config.host ?? "0.0.0.0", () => {
  const { address, port } = server.address() as AddressInfo;
  createLogger(config).info({ address, port }, "listening");
});
process.once("SIGTERM", shutDown);
process.once("SIGINT", shutDown);
