/** Delivers once, as `ziplink deliver` does with these arguments, and prints what that took. */
import { deliver } from "../../scripts/commands/deliver.ts";
import { printUsage } from "./usage.ts";

const started = performance.now();
await deliver.run(process.argv.slice(2), {
  call: (name) => name,
  version: "0",
  root: "",
  build: async () => {
    throw new Error("nothing is built");
  },
});
printUsage(started);
