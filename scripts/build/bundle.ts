import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import type { Bundle, BundleTarget } from "../deploy/bundle.ts";
import { pureSchemas } from "./pure-schemas.ts";
import { writeZip } from "./write-zip.ts";

/** Maximum length of a bundle's ZIP, in bytes. A cold start fetches all of it. */
export const MAX_BUNDLE_BYTES = 1_500_000;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/**
 * Stays external: Google's framework calls the function, so the function must register with that
 * same instance.
 */
const FRAMEWORK = "@google-cloud/functions-framework";

const targets = {
  aws: { entry: "functions/aws.ts", extension: ".mjs", external: [] },
  gcp: { entry: "functions/gcp.ts", extension: ".js", external: [FRAMEWORK] },
} as const;

/** CommonJS packages load Node's modules with `require`, which an ES module lacks. */
const REQUIRE =
  'import{createRequire as ziplinkRequire}from"node:module";' +
  "const require=ziplinkRequire(import.meta.url);";

/**
 * Builds the code that a cloud runs, minified, into `outDir`, which is emptied first. Source maps
 * go to `outDir` + "-maps", Lambda's ZIP to `outDir` + ".zip". Equal sources give equal bytes.
 *
 * `aws`: `index.mjs`, with the handler `index.handler`. `gcp`: `index.js` with the function
 * `ziplink`, and a package.json that depends on functions-framework alone. The code of each store
 * is a separate chunk, loaded only if the settings name such a store.
 */
export async function buildBundle(target: BundleTarget, outDir: string): Promise<Bundle> {
  const { entry, extension, external } = targets[target];
  const dir = resolve(outDir);
  const maps = `${dir}-maps`;
  const zipFile = `${dir}.zip`;
  for (const old of [dir, maps, zipFile]) await rm(old, { recursive: true, force: true });
  await build({
    absWorkingDir: ROOT,
    entryPoints: { index: entry },
    outdir: dir,
    outExtension: { ".js": extension },
    chunkNames: "chunks/[name]-[hash]",
    bundle: true,
    splitting: true,
    minify: true,
    lineLimit: 1000, // Node prints the source line of an error
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"], // unused exports of ES modules are dropped
    external: [...external],
    plugins: [pureSchemas],
    banner: { js: REQUIRE },
    sourcemap: "external",
    logLevel: "warning",
  });
  await moveMaps(dir, maps);
  if (target === "gcp") await writePackage(dir, `index${extension}`);
  await writeZip(dir, zipFile);
  const { size: bytes } = await stat(zipFile);
  if (target === "aws") return { dir, zipFile, bytes };
  await rm(zipFile);
  return { dir, bytes };
}

async function moveMaps(from: string, to: string): Promise<void> {
  for (const path of await readdir(from, { recursive: true })) {
    if (!path.endsWith(".map")) continue;
    await mkdir(join(to, dirname(path)), { recursive: true });
    await rename(join(from, path), join(to, path));
  }
}

async function writePackage(dir: string, main: string): Promise<void> {
  const { version, dependencies } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8"));
  const manifest = {
    name: "ziplink",
    version,
    private: true,
    type: "module",
    main,
    dependencies: { [FRAMEWORK]: dependencies[FRAMEWORK] },
  };
  await writeFile(join(dir, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`);
}
