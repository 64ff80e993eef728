/** Entrypoint for a plain Node server, on a machine or in a container: `node functions/node.ts`. */
import type { AddressInfo } from "node:net";
import { readConfig } from "./config/config.ts";
import { createNodeServer } from "./node/node-server.ts";
import { stopOnSignals } from "./node/stop-server.ts";
import { createLogger } from "./observability/log.ts";
import { createService } from "./service.ts";

const config = readConfig(process.env);
const logger = createLogger(config);
const { http2, keepAliveSeconds, clientStallSeconds, drainSeconds } = config;
const options = { http2, keepAliveSeconds, clientStallSeconds, drainSeconds, logger };
const { server, shutDown } = createNodeServer(await createService(config), options);
server.listen(config.port, config.host ?? "0.0.0.0", () => {
  const { address, port } = server.address() as AddressInfo;
  logger.info({ address, port }, "listening");
});
stopOnSignals(shutDown, drainSeconds);
