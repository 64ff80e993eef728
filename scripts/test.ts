/** `npm test`: provides the programs that the tests run, then runs vitest with the given arguments. */
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { provideAll } from "./test/provide.ts";

provideAll();
const vitest = fileURLToPath(new URL("vitest.mjs", import.meta.resolve("vitest/package.json")));
const child = spawn(process.execPath, [vitest, "run", ...process.argv.slice(2)], {
  stdio: "inherit",
});
// Outlive vitest and exit with its code. A terminal sends Ctrl-C to vitest too; a second one would
// force its exit.
process.on("SIGINT", () => undefined);
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("exit", (code) => {
  process.exitCode = code ?? 1;
});
