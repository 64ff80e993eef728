import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { cp, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describeUnless } from "./tools.ts";

const root = join(import.meta.dirname, "../..");
const programs = join(root, "test/package/node_modules");

/** The programs that check the package, which `npm test` installs in test/package. */
export const packageTools = {
  node20: join(programs, "node-20/bin/node"),
  node22: join(programs, "node-22/bin/node"),
  tsc: join(programs, "typescript/bin/tsc"),
  publint: join(programs, "publint/src/cli.js"),
  attw: join(programs, "@arethetypeswrong/cli/dist/index.js"),
} as const;

/** Whether the programs that check the package are installed. */
export function hasPackageTools(): boolean {
  return Object.values(packageTools).every((path) => existsSync(path));
}

/** `describe` for tests that need these programs. Without them, they are skipped; in CI, they fail. */
export function describeWithPackageTools(name: string, body: () => void): void {
  const lack = "the programs of test/package are not installed; `npm test` installs them";
  describeUnless(hasPackageTools() ? undefined : lack, name, body);
}

/** Everything that a program printed, once it has ended with exit code 0. */
export interface Printed {
  readonly stdout: string;
  readonly stderr: string;
}

const run = promisify(execFile);

/**
 * Runs a program in `cwd`, without the settings of the tests' own environment. Rejects if it takes
 * more than 4 minutes or fails, with all that it printed in the message.
 */
export async function runIn(
  cwd: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Printed> {
  const { PATH, HOME } = process.env;
  const options = { cwd, env: { PATH, HOME, ...env }, timeout: 240_000, maxBuffer: 2 ** 26 };
  try {
    return await run(program, args, options);
  } catch (error) {
    const { stdout, stderr } = error as Printed;
    const command = [program, ...args].join(" ");
    throw new Error(`${command} failed:\n${stdout}${stderr}`, { cause: error });
  }
}

/** The folder of a release, which `buildRelease` makes anew. */
export const releaseFolder = join(root, "dist/release");

/** Builds the package and what else a release carries; returns the tarball's path. */
export async function buildRelease(): Promise<string> {
  await runIn(root, "npm", ["run", "build:release"]);
  const tarball = (await readdir(releaseFolder)).find((name) => name.endsWith(".tgz"));
  return join(releaseFolder, tarball ?? "");
}

/** A project that has installed the package, and no cloud SDK. */
export interface Consumer {
  readonly folder: string;
  /** Installs the packages of these names, in the repository's versions. */
  install(names: readonly string[]): Promise<void>;
}

/** Installs `tarball` in the empty `folder`, with the files of test/package/consumer beside it. */
export async function installPackage(tarball: string, folder: string): Promise<Consumer> {
  const { dependencies } = await readManifest("package.json");
  const { dependencies: programs } = await readManifest("test/package/package.json");
  await cp(join(root, "test/package/consumer"), folder, { recursive: true });
  const manifest = {
    name: "consumer",
    private: true,
    type: "module",
    devDependencies: { "@types/node": programs["@types/node"] },
    // Pinned, so that every installation is the same.
    overrides: dependencies,
  };
  await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
  const install = async (...specs: string[]) => {
    const quiet = ["--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
    await runIn(folder, "npm", ["install", ...quiet, ...specs]);
  };
  await install(tarball);
  return {
    folder,
    install: (names) => install(...names.map((name) => `${name}@${dependencies[name]}`)),
  };
}

async function readManifest(path: string): Promise<{ dependencies: Record<string, string> }> {
  return JSON.parse(await readFile(join(root, path), "utf8"));
}
