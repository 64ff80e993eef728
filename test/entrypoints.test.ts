import { describeEntrypoint } from "./contract/entrypoint.ts";
import { startService } from "./support/service-process.ts";

describeEntrypoint("node", (env) => startService("functions/node.ts", env));

// What `npm start` runs: functions/gcp.ts in functions-framework.
describeEntrypoint("gcp (functions-framework)", (env) => startService("scripts/start.ts", env));
