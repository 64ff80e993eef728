import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  type Bundle,
  type BundleTarget,
  buildBundle,
  bundleTargets,
  MAX_BUNDLE_BYTES,
} from "../scripts/build/bundle.ts";
import { makeFolder, removeFolder } from "./support/temporary-folder.ts";
import { describeWithTools, runTool } from "./support/tools.ts";

let folder: string;
const bundles = new Map<BundleTarget, Bundle>();

beforeAll(async () => {
  folder = await makeFolder();
  for (const target of bundleTargets) {
    bundles.set(target, await buildBundle(target, join(folder, target)));
  }
});
afterAll(() => removeFolder(folder));

/** The files below a folder and what is in them. */
async function contents(below: string): Promise<Map<string, string>> {
  const entries = await readdir(below, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  return new Map(
    await Promise.all(
      paths.sort().map(async (path) => {
        return [path.slice(below.length + 1), await readFile(path, "latin1")] as const;
      }),
    ),
  );
}

test.each([
  ["gcp", "index.js"],
  ["aws", "index.mjs"],
] as const)("the bundle for %s is small, and its source maps are apart", async (target, entry) => {
  const bundle = bundles.get(target);
  expect(bundle?.dir).toBe(join(folder, target));
  expect(bundle?.bytes).toBeLessThan(MAX_BUNDLE_BYTES);
  const files = await contents(join(folder, target));
  expect([...files.keys()]).toContain(entry);
  for (const [name, text] of files) {
    expect(name).not.toMatch(/\.map$/);
    expect(text).not.toContain("sourceMappingURL");
    expect(text, `the machine's paths in ${name}`).not.toContain(join(import.meta.dirname, ".."));
  }
  const maps = await contents(join(folder, `${target}-maps`));
  expect([...maps.keys()]).toContain(`${entry}.map`);
});

test.each(bundleTargets)(
  "the bundle for %s has each store's client in chunks of its own",
  async (target) => {
    const files = await contents(join(folder, target));
    for (const store of ["ListObjectsV2", "storage.googleapis.com", "UND_ERR"]) {
      const holders = [...files].filter(([, text]) => text.includes(store)).map(([name]) => name);
      expect(holders, store).not.toEqual([]);
      for (const holder of holders) expect(holder, store).toMatch(/^chunks\//);
    }
  },
);

test("the same sources give the same bytes", async () => {
  const again = await buildBundle("aws", join(folder, "again"));
  const [one, other] = [bundles.get("aws")?.zipFile ?? "", again.zipFile ?? ""];
  expect((await readFile(one)).equals(await readFile(other))).toBe(true);
  expect((await stat(one)).size).toBe(again.bytes);
});

describeWithTools("Lambda's ZIP", ["unzip"], () => {
  test("holds the bundle, for everyone to read", async () => {
    const target = join(folder, "unzipped");
    const zip = bundles.get("aws")?.zipFile ?? "";
    await runTool({ program: "unzip", args: ["-q", zip, "-d", target] });
    expect(await contents(target)).toEqual(await contents(join(folder, "aws")));
    expect((await stat(join(target, "index.mjs"))).mode & 0o777).toBe(0o644);
  });
});
