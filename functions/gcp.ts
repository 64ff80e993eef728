/** Entrypoint for Google Cloud Functions and Cloud Run functions: the target is `ziplink`. */
import { readConfig } from "./config/config.ts";
import { cloudRunResponseLimits, registerFunction } from "./gcp/index.ts";
import { createLogger } from "./observability/log.ts";
import { createService } from "./service.ts";

// K_SERVICE is set on Cloud Run and nowhere else.
const config = readConfig(process.env, process.env.K_SERVICE ? cloudRunResponseLimits : undefined);

await registerFunction("ziplink", await createService(config), {
  logger: createLogger(config),
  clientStallSeconds: config.clientStallSeconds,
  drainSeconds: config.drainSeconds,
});
