import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Bundle, BundleTarget } from "../deploy/bundle.ts";

/** The package's files besides its modules: a folder or a ZIP for each cloud, and their sizes. */
const folder = new URL("../../bundles/", import.meta.url);

/** The file with the length of each bundle's ZIP. */
export const SIZES = "sizes.json";

/** Returns the bundle in the package for a cloud. */
export async function packagedBundle(target: BundleTarget): Promise<Bundle> {
  const sizes = JSON.parse(await readFile(new URL(SIZES, folder), "utf8")) as Record<
    string,
    number
  >;
  const bytes = sizes[target] ?? 0;
  const dir = fileURLToPath(new URL(target, folder));
  return target === "aws" ? { dir, zipFile: `${dir}.zip`, bytes } : { dir, bytes };
}
