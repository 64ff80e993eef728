/**
 * `npm test`: provides the programs that the tests run, then runs vitest with the given arguments.
 *
 * As root on Debian, installs those that are missing; elsewhere, names them. A failed installation
 * does not end the run: the tests that need a missing program are skipped or, in CI, fail.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hasRuntimeClient } from "../test/support/lambda/lambda-service.ts";
import {
  isCi,
  missingTools,
  nameTools,
  packagesFor,
  runtimeClientTools,
} from "../test/support/tools.ts";

const minutes = 60_000;

function canInstall(): boolean {
  return (
    process.getuid?.() === 0 && existsSync("/etc/debian_version") && existsSync("/usr/bin/apt-get")
  );
}

/** Returns whether apt-get succeeded. Prints its output only if it failed. */
function aptGet(args: readonly string[], timeout: number): boolean {
  const { status, error, stdout, stderr } = spawnSync("/usr/bin/apt-get", args, {
    env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    maxBuffer: 64 * 1024 * 1024,
    timeout,
  });
  if (status === 0) return true;
  const reason = error?.message ?? `exit code ${status}`;
  console.log(`apt-get ${args.join(" ")} failed: ${reason}\n${stdout}${stderr}`);
  return false;
}

function provideTools(): void {
  const missing = missingTools();
  if (missing.length === 0) return;
  const packages = packagesFor(missing);
  if (packages.length > 0 && canInstall()) {
    console.log(`Installing what the tests need: ${packages.join(", ")}`);
    // A failed update (one of several sources is down, for example) may still leave usable lists.
    aptGet(["update"], 3 * minutes);
    aptGet(["install", "-y", "--no-install-recommends", ...packages], 10 * minutes);
  }
  const left = missingTools(missing);
  if (left.length === 0) return;
  const outcome = isCi() ? "fail, as this is CI" : "be skipped";
  console.log(`Not on the PATH: ${nameTools(left)}. Their tests will ${outcome}.`);
}

/**
 * Builds Lambda's runtime client, which compiles during its installation: once, in about a minute.
 */
function provideRuntimeClient(): void {
  if (hasRuntimeClient() || missingTools(runtimeClientTools).length > 0) return;
  console.log("Building Lambda's runtime client, aws-lambda-ric, in test/lambda");
  const folder = fileURLToPath(new URL("../test/lambda", import.meta.url));
  const { status, error, stdout, stderr } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: folder,
    encoding: "utf8",
    timeout: 10 * minutes,
  });
  if (status === 0 && hasRuntimeClient()) return;
  const outcome = isCi() ? "fail, as this is CI" : "be skipped";
  const reason = error?.message ?? `exit code ${status}`;
  console.log(`npm ci in test/lambda failed: ${reason}\n${stdout}${stderr}`);
  console.log(`Without aws-lambda-ric, the tests that need it will ${outcome}.`);
}

provideTools();
provideRuntimeClient();
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
