/**
 * Runs the npm package's commands from the repository: `npm run link`, `get`, `deploy`, `destroy`.
 */
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { runCli } from "./cli.ts";

const root = resolve(import.meta.dirname, "..");
const { version } = JSON.parse(readFileSync(resolve(root, "package.json"), "utf8"));

await runCli(process.argv.slice(2), {
  call: (name) => `npm run ${name} --`,
  version,
  root,
  build: async (target, outDir) => (await import("./build/bundle.ts")).buildBundle(target, outDir),
});
