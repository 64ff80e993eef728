/** The commands of the npm package. `bin/ziplink.cjs` loads this if Node is recent enough. */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { runCli } from "../cli.ts";
import { packagedBundle } from "./bundles.ts";

const ownFolder = resolve(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(resolve(ownFolder, "package.json"), "utf8"));

await runCli(process.argv.slice(2), {
  call: (name) => `ziplink ${name}`,
  version,
  root: process.cwd(),
  build: packagedBundle,
  sampleSettings: resolve(ownFolder, "deploy.config.ts"),
});
