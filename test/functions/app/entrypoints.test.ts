import { describeApi } from "../../contract/api.ts";
import { describeEntrypoint } from "../../contract/entrypoint.ts";
import { startService } from "../../support/service-process.ts";

const entrypoints = {
  node: "functions/node.ts",
  // The program of `npm start`: functions/gcp.ts in functions-framework.
  "gcp (functions-framework)": "scripts/start.ts",
};

for (const [name, program] of Object.entries(entrypoints)) {
  const start = (env: Record<string, string>) => startService(program, env);
  describeEntrypoint(name, start);
  describeApi(name, start);
}
