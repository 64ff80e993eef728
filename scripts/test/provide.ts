import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { hasRuntimeClient } from "../../test/support/lambda/lambda-service.ts";
import { hasPackageTools } from "../../test/support/npm-package.ts";
import {
  isCi,
  missingTools,
  nameTools,
  packagesFor,
  runtimeClientTools,
} from "../../test/support/tools.ts";

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

/** Installs the packages of a folder of the tests, unless they are there. */
function providePackages(folder: string, what: string, isThere: () => boolean): void {
  if (isThere()) return;
  console.log(`Installing ${what} in ${folder}`);
  const { status, error, stdout, stderr } = spawnSync("npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: fileURLToPath(new URL(`../../${folder}`, import.meta.url)),
    encoding: "utf8",
    timeout: 10 * minutes,
  });
  if (status === 0 && isThere()) return;
  const outcome = isCi() ? "fail, as this is CI" : "be skipped";
  const reason = error?.message ?? `exit code ${status}`;
  console.log(`npm ci in ${folder} failed: ${reason}\n${stdout}${stderr}`);
  console.log(`Without ${what}, the tests that need it will ${outcome}.`);
}

/**
 * Provides the programs that the tests run. As root on Debian, installs those that are missing;
 * elsewhere, names them. A failed installation throws nothing: the tests that need a missing program
 * are skipped or, in CI, fail.
 */
export function provideAll(): void {
  provideTools();
  // It compiles during its installation: once, in about a minute.
  if (missingTools(runtimeClientTools).length === 0) {
    providePackages("test/lambda", "Lambda's runtime client", hasRuntimeClient);
  }
  providePackages("test/package", "what checks the npm package", hasPackageTools);
}
