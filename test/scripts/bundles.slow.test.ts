import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { buildBundle, MAX_BUNDLE_BYTES } from "../../scripts/build/bundle.ts";
import { type Bundle, type BundleTarget, bundleTargets } from "../../scripts/deploy/bundle.ts";
import { makeFolder, removeFolder } from "../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../support/tools.ts";

let folder: string;
const bundles = new Map<BundleTarget, Bundle>();

beforeAll(async () => {
  folder = await makeFolder();
  for (const target of bundleTargets) {
    bundles.set(target, await buildBundle(target, join(folder, target)));
  }
});
afterAll(() => removeFolder(folder));

/** Returns the files below a folder, with their contents. */
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
] as const)(
  "the bundle for %s is small and has its source maps in another folder",
  async (target, entry) => {
    const bundle = bundles.get(target);
    expect(bundle?.dir).toBe(join(folder, target));
    expect(bundle?.bytes).toBeLessThan(MAX_BUNDLE_BYTES);
    const files = await contents(join(folder, target));
    expect([...files.keys()]).toContain(entry);
    for (const [name, text] of files) {
      expect(name).not.toMatch(/\.map$/);
      expect(text).not.toContain("sourceMappingURL");
      expect(text, `the machine's paths in ${name}`).not.toContain(
        join(import.meta.dirname, "../.."),
      );
    }
    const maps = await contents(join(folder, `${target}-maps`));
    expect([...maps.keys()]).toContain(`${entry}.map`);
  },
);

test.each(bundleTargets)(
  "the bundle for %s has each store's client in separate chunks",
  async (target) => {
    const files = await contents(join(folder, target));
    for (const store of ["ListObjectsV2", "storage.googleapis.com", "UND_ERR"]) {
      const holders = [...files].filter(([, text]) => text.includes(store)).map(([name]) => name);
      expect(holders, store).not.toEqual([]);
      for (const holder of holders) expect(holder, store).toMatch(/^chunks\//);
    }
  },
);

/** Returns a file of a bundle and everything that it imports other than by `import()`. */
function loadedWith(name: string, files: ReadonlyMap<string, string>, found = new Set<string>()) {
  const text = files.get(name);
  if (text === undefined || found.has(name)) return found;
  found.add(name);
  for (const [, path = ""] of text.matchAll(/(?:from|import)\s*"(\.[^"]+)"/g)) {
    loadedWith(join(dirname(name), path), files, found);
  }
  return found;
}

/** Returns the sources that some files of a bundle are made from. */
async function sourcesOf(target: BundleTarget, names: Iterable<string>): Promise<string[]> {
  const maps = await contents(join(folder, `${target}-maps`));
  return [...names].flatMap((name) => JSON.parse(maps.get(`${name}.map`) ?? "").sources);
}

function packagesOf(sources: readonly string[]): string[] {
  const names = sources.map((source) => /.*node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(source)?.[1]);
  return [...new Set(names.filter((name) => name !== undefined))].sort();
}

/**
 * The sources that every start loads. Each one added delays the first download of every instance.
 */
const started = [
  ...["@pinojs/redact", "atomic-sleep", "on-exit-leak-free", "pino", "pino-std-serializers"],
  ...["quick-format-unescaped", "safe-stable-stringify", "sonic-boom", "thread-stream"],
  ...["cockatiel", "content-disposition", "hono", "jose", "lru-cache"],
  ...["p-limit", "p-map", "rate-limiter-flexible", "yocto-queue", "zod"],
];

test.each([
  ["gcp", "index.js", ["@hono/node-server"]],
  ["aws", "index.mjs", []],
] as const)("a start on %s loads only what it needs", async (target, entry, own) => {
  const files = await contents(join(folder, target));
  const names = loadedWith(entry, files);
  const sources = await sourcesOf(target, names);
  expect(packagesOf(sources)).toEqual([...started, ...own].sort());
  expect(sources.filter((source) => source.includes("/zod/v4/classic/"))).toEqual([]);
  // The page itself is loaded by the first page; its settings are checked at the start.
  const page = sources.filter((source) => source.includes("/functions/page/"));
  expect(page.map((source) => basename(source)).sort()).toEqual([
    "brand.ts",
    "contrast.ts",
    "languages.ts",
    "logo.ts",
    "page.ts",
  ]);
  const bytes = [...names].reduce((sum, name) => sum + (files.get(name)?.length ?? 0), 0);
  expect(bytes).toBeLessThan(345_000);
});

test("the S3 client contains the operations that are called, and no others", async () => {
  const files = await contents(join(folder, "aws"));
  const entry = [...files.keys()].find((name) => /^chunks\/s3-\w+\.mjs$/.test(name)) ?? "";
  const loaded = [...loadedWith(entry, files)].map((name) => files.get(name)).join("");
  expect(loaded).toContain("ListObjectsV2");
  expect(loaded).not.toContain("GetBucketLifecycleConfiguration");
  expect(loaded.length).toBeLessThan(360_000);
  const all = [...files.values()].join("");
  expect(all).toContain("GetParameters");
  expect(all).not.toContain("DescribeMaintenanceWindows");
});

test("equal sources give equal bytes", async () => {
  const again = await buildBundle("aws", join(folder, "again"));
  const [one, other] = [bundles.get("aws")?.zipFile ?? "", again.zipFile ?? ""];
  expect((await readFile(one)).equals(await readFile(other))).toBe(true);
  expect((await stat(one)).size).toBe(again.bytes);
});

describeWithTools("Lambda's ZIP", ["unzip"], () => {
  test("contains the bundle, readable by everyone", async () => {
    const target = join(folder, "unzipped");
    const zip = bundles.get("aws")?.zipFile ?? "";
    await runTool({ program: "unzip", args: ["-q", zip, "-d", target] });
    expect(await contents(target)).toEqual(await contents(join(folder, "aws")));
    expect((await stat(join(target, "index.mjs"))).mode & 0o777).toBe(0o644);
  });
});
