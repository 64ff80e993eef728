import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { pureSchemas } from "./pure-schemas.ts";
import { writeZip } from "./write-zip.ts";

export const bundleTargets = ["gcp", "aws"] as const;
export type BundleTarget = (typeof bundleTargets)[number];

export interface Bundle {
  /** What is to be uploaded, as a folder. */
  readonly dir: string;
  /** The same as a ZIP, for Lambda. */
  readonly zipFile?: string;
  /** Length of the ZIP. For Google Cloud, whose tool makes one itself, of one made in the same way. */
  readonly bytes: number;
}

/** What a bundle may have as a ZIP, in bytes: a cold start fetches all of it. */
export const MAX_BUNDLE_BYTES = 1_500_000;

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

/** Google's framework calls the function and so has to be the one that the function registers with. */
const FRAMEWORK = "@google-cloud/functions-framework";

const targets = {
  aws: { entry: "functions/aws.ts", extension: ".mjs", external: [] },
  gcp: { entry: "functions/gcp.ts", extension: ".js", external: [FRAMEWORK] },
} as const;

/** The packages that are CommonJS ask for Node's modules by `require`, which an ES module lacks. */
const REQUIRE =
  'import{createRequire as ziplinkRequire}from"node:module";' +
  "const require=ziplinkRequire(import.meta.url);";

/**
 * Builds what a cloud runs, minified, into `outDir`, which is emptied before; the source maps go to
 * `outDir` + "-maps", and Lambda's ZIP is `outDir` + ".zip". The same sources give the same bytes.
 *
 * `aws`: `index.mjs`, whose handler is `index.handler`. `gcp`: `index.js` with the function `ziplink`,
 * and a package.json that asks for functions-framework alone. The code of each store is a chunk of
 * its own beside it, which is loaded if the settings name such a store.
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
    lineLimit: 1000, // Node prints the line that an error comes from
    platform: "node",
    target: "node24",
    format: "esm",
    mainFields: ["module", "main"], // of ES modules, what nothing uses is left out
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
