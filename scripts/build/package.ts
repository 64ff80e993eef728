/**
 * `npm run build:package`: creates the npm package in `dist/package`, for `npm pack
 * ./dist/package`. Only `tsc` compiles the modules, one by one. Beside them are the bundles that
 * `ziplink deploy` uploads, and a sample of its settings.
 */
import { spawnSync } from "node:child_process";
import { copyFile, cp, mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { CommandError, runCommand } from "../command.ts";
import { bundleTargets } from "../deploy/bundle.ts";
import { SIZES } from "../package/bundles.ts";
import { makeManifest, packagePaths } from "../package/manifest.ts";
import { buildBundle } from "./bundle.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const OUT = join(ROOT, "dist/package");

/** The import of the settings' type, in the repository and in an application. */
const TYPES = { repository: "./scripts/deploy/config.ts", application: "@ziplink/ziplink/deploy" };

await runCommand(async () => {
  await rm(OUT, { recursive: true, force: true });
  compile();
  for (const name of ["README.md", "CHANGELOG.md", "LICENSE"]) {
    await copyFile(join(ROOT, name), join(OUT, name));
  }
  await addManifest();
  await addCommand();
  await addSampleSettings();
  await addBundles();
  console.log("dist/package is built. Pack it: npm pack ./dist/package");
});

function compile(): void {
  const typescript = dirname(fileURLToPath(import.meta.resolve("typescript/package.json")));
  const project = join(ROOT, "scripts/package");
  const args = [join(typescript, "bin/tsc"), "-p", project];
  const { status } = spawnSync(process.execPath, args, { stdio: "inherit" });
  if (status !== 0) throw new CommandError("The modules do not compile; see above.");
}

async function addManifest(): Promise<void> {
  const root = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  await writeJson("package.json", makeManifest(root));
}

async function addCommand(): Promise<void> {
  const bin = join(OUT, packagePaths.bin);
  await mkdir(dirname(bin));
  await copyFile(join(ROOT, "scripts/package/ziplink.cjs"), bin);
}

/**
 * Only a type is imported there, so the settings can also be read where the package is not
 * installed.
 */
async function addSampleSettings(): Promise<void> {
  const sample = await readFile(join(ROOT, "deploy.config.ts"), "utf8");
  if (!sample.includes(TYPES.repository)) {
    throw new CommandError(`deploy.config.ts does not import from ${TYPES.repository}.`);
  }
  const text = sample
    .replace(TYPES.repository, TYPES.application)
    .replaceAll(/npm run (deploy|destroy)(?: --(?= ))?/g, "npx @ziplink/ziplink $1");
  await writeFile(join(OUT, "deploy.config.ts"), text);
}

async function addBundles(): Promise<void> {
  const sizes: Record<string, number> = {};
  await mkdir(join(OUT, packagePaths.bundles));
  for (const target of bundleTargets) {
    const { dir, zipFile, bytes } = await buildBundle(target, join(ROOT, "dist", target));
    const copy = join(OUT, packagePaths.bundles, target);
    if (zipFile === undefined) await cp(dir, copy, { recursive: true });
    else await copyFile(zipFile, `${copy}.zip`);
    sizes[target] = bytes;
  }
  await writeJson(join(packagePaths.bundles, SIZES), sizes);
}

async function writeJson(path: string, value: unknown): Promise<void> {
  await writeFile(join(OUT, path), `${JSON.stringify(value, null, 2)}\n`);
}
