import { mkdir, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openServedRoot, type ServedRoot } from "../../../adapters/fs/served-root.ts";
import { createSourceOf } from "../../../adapters/fs/source.ts";
import type { WalkLimits } from "../../../adapters/fs/walk.ts";
import { openFilesBelow } from "../../support/open-files.ts";
import { keysOf } from "../../support/source-contents.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

interface Counts {
  /** Folders opened, and the most at a time. */
  folders: number;
  open: number;
  mostOpen: number;
  /** Calls for the entries of a folder, and for the description of one entry. */
  reads: number;
  described: number;
}

/** Wraps a root and counts how it is used. */
function countingRoot(root: ServedRoot): ServedRoot & { readonly counts: Counts } {
  const counts: Counts = { folders: 0, open: 0, mostOpen: 0, reads: 0, described: 0 };
  return {
    ...root,
    counts,
    inFolder: (path, use) =>
      root.inFolder(path, async (folder) => {
        counts.folders++;
        counts.open++;
        counts.mostOpen = Math.max(counts.mostOpen, counts.open);
        try {
          return await use({
            stats: folder.stats,
            entries() {
              counts.reads++;
              return folder.entries();
            },
            lstat(name) {
              counts.described++;
              return folder.lstat(name);
            },
            stat(name) {
              counts.described++;
              return folder.stat(name);
            },
            access: (name, mode) => folder.access(name, mode),
          });
        } finally {
          counts.open--;
        }
      }),
  };
}

async function makeSource(limits?: Partial<WalkLimits>) {
  const root = await temporaryFolder();
  const served = countingRoot(openServedRoot(root));
  return { root, counts: served.counts, source: createSourceOf(served, limits) };
}

/** Creates folders `d`, one in another, each with a file, and returns the innermost one. */
async function makeDeep(root: string, depth: number): Promise<string> {
  let folder = root;
  for (let i = 0; i < depth; i++) {
    folder = join(folder, "d");
    await mkdir(folder);
    await writeFile(join(folder, "f"), "");
  }
  return folder;
}

test("a deep tree takes one call for each folder and each file", async () => {
  const { root, counts, source } = await makeSource();
  await makeDeep(root, 256);
  expect(await keysOf(source)).toHaveLength(256);
  expect(counts).toMatchObject({ folders: 257, reads: 257, described: 256, open: 0 });
});

test("a tree that is too deep is refused once it is reached", async () => {
  const { root, counts, source } = await makeSource();
  await makeDeep(root, 300);
  await expect(keysOf(source)).rejects.toMatchObject({ code: "denied" });
  expect(counts.folders).toBe(257);
  expect(counts.open).toBe(0);
});

test("a path that is too long is refused, wherever the listing begins", async () => {
  const { root, source } = await makeSource({ maxKeyBytes: 20 });
  await mkdir(join(root, "twelve-bytes"));
  await writeFile(join(root, "twelve-bytes/seven77"), "");
  expect(await keysOf(source)).toHaveLength(1);
  await writeFile(join(root, "twelve-bytes/eight888"), "");
  for (const prefix of ["", "twelve-bytes/"]) {
    await expect(keysOf(source, prefix)).rejects.toMatchObject({ code: "denied" });
  }
});

test("links that multiply the paths to a folder end a listing, with or without files", async () => {
  const { root, counts, source } = await makeSource({ maxLinkedFolders: 100 });
  for (let i = 0; i < 30; i++) {
    await mkdir(join(root, `${i}`));
    await symlink(`../${i + 1}`, join(root, `${i}/a`));
    await symlink(`../${i + 1}`, join(root, `${i}/b`));
  }
  await mkdir(join(root, "30"));
  await expect(keysOf(source, "0/")).rejects.toMatchObject({ code: "denied" });
  expect(counts.folders).toBeLessThanOrEqual(101);
  expect(counts.open).toBe(0);
  expect(await openFilesBelow(root)).toBe(0);
});

test("a circle is found whether a link or a folder closes it", async () => {
  const { root, counts, source } = await makeSource();
  await mkdir(join(root, "a/b"), { recursive: true });
  await symlink("..", join(root, "a/b/up"));
  for (const prefix of ["", "a/b/"]) {
    await expect(keysOf(source, prefix)).rejects.toMatchObject({ code: "denied" });
  }
  expect(counts.folders).toBeLessThan(12);
});

test("more folders than a listing may read are refused", async () => {
  const { root, source } = await makeSource({ maxFolders: 3 });
  for (const name of ["a", "b", "c"]) await mkdir(join(root, name));
  await expect(keysOf(source)).rejects.toMatchObject({ code: "denied" });
  await rm(join(root, "c"), { recursive: true });
  expect(await keysOf(source)).toEqual([]);
});

test("many folders are read several at a time, but not too many, and in order", async () => {
  const { root, counts, source } = await makeSource();
  const keys: string[] = [];
  for (let i = 0; i < 100; i++) {
    const folder = String(i).padStart(3, "0");
    await mkdir(join(root, folder));
    for (const name of ["a", "b"]) {
      await writeFile(join(root, folder, name), name);
      keys.push(`${folder}/${name}`);
    }
  }
  expect(await keysOf(source)).toEqual(keys);
  expect(counts).toMatchObject({ folders: 101, reads: 101, described: 200 });
  expect(counts.mostOpen).toBeGreaterThan(1);
  expect(counts.mostOpen).toBeLessThanOrEqual(33);
});

test("a listing that is given up describes no more of a large folder, and closes it", async () => {
  const { root, counts, source } = await makeSource();
  for (let i = 0; i < 2_100; i++) await writeFile(join(root, `${i}`), "");
  for await (const { key } of source.list("")) if (key === "0") break;
  expect(counts).toMatchObject({ folders: 1, reads: 1, described: 1_000, open: 0 });
  expect(await keysOf(source)).toHaveLength(2_100);
  expect(counts).toMatchObject({ folders: 4, reads: 2, described: 3_100, open: 0 });
});

test("only entries within the prefix are looked at", async () => {
  const { root, counts, source } = await makeSource();
  for (const name of ["in-1", "in-2", "out-1"]) await writeFile(join(root, name), "");
  await symlink("/etc", join(root, "out-2"));
  expect(await keysOf(source, "in-")).toEqual(["in-1", "in-2"]);
  expect(counts.described).toBe(2);
});
