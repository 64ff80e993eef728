/** `node examples/export-files/server.ts`: exports files by URL into a folder; see README.md. */
import { mkdirSync } from "node:fs";
import { resolve } from "node:path";
import { pino } from "pino";
import { createFsDestination, createFsStateStore } from "../../adapters/fs/index.ts";
import { serve } from "../shared/serve.ts";
import { createExports } from "./exports.ts";

const folder = resolve(process.env.EXPORTS ?? "exports");
mkdirSync(folder, { recursive: true });
const { app } = createExports({
  destination: createFsDestination({ root: folder }),
  store: createFsStateStore({ root: `${folder}.state` }),
  urlHosts: (process.env.URL_HOSTS ?? "").split(",").filter(Boolean),
  maxBytes: 5_000_000_000,
  logger: pino({ base: null }),
});
const { url } = await serve(Number(process.env.PORT ?? 8080), () => app);
console.log(`Files go to ${folder}, from the hosts in URL_HOSTS. Begin an export:

  curl -fsS '${url}/exports' -H 'Content-Type: application/json' \\
    -d '{"files":[{"name":"a.bin","url":"https://example.com/a.bin"}]}'
`);
