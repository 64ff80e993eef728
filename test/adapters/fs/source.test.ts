import { appendFile, mkdir, rm, symlink, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createFsSource } from "../../../adapters/fs/source.ts";
import type { BlobSource } from "../../../core/blob-source.ts";
import { compareUtf8 } from "../../../core/source/key-order.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { openFilesBelow } from "../../support/open-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** Creates a folder to serve, beside one that must not be visible. */
async function servedFolder() {
  const sandbox = await temporaryFolder();
  const root = join(sandbox, "root");
  await mkdir(join(root, "folder"), { recursive: true });
  await mkdir(join(sandbox, "root-beside"));
  await writeFile(join(root, "folder/file.txt"), "inside");
  await writeFile(join(sandbox, "root-beside/secret.txt"), "outside");
  return { sandbox, root, source: createFsSource({ root }) };
}

async function keys(source: BlobSource, prefix = ""): Promise<string[]> {
  const found: string[] = [];
  for await (const { key } of source.list(prefix)) found.push(key);
  return found;
}

describe("symbolic links", () => {
  test("that stay inside the folder are followed", async () => {
    const { root, source } = await servedFolder();
    await symlink("folder/file.txt", join(root, "link.txt"));
    await symlink("folder", join(root, "linked"));
    expect(await keys(source)).toEqual(["folder/file.txt", "link.txt", "linked/file.txt"]);
    for (const key of ["link.txt", "linked/file.txt"]) {
      const blob = await source.stat(key);
      const bytes = await collect(await source.open(blob, { start: 0, end: blob.size }));
      expect(bytes.toString()).toBe("inside");
    }
  });

  test.each([
    ["a file beside the root", "../root-beside/secret.txt"],
    ["a folder beside the root", "../root-beside"],
    ["the folder above", ".."],
    ["a system folder", "/etc"],
    ["a system file", "/etc/passwd"],
  ])("that lead out, to %s, are refused", async (_, target) => {
    const { root, source } = await servedFolder();
    await symlink(target, join(root, "out"));
    await expect(source.stat("out")).rejects.toMatchObject({ code: "denied" });
    await expect(keys(source)).rejects.toMatchObject({ code: "denied" });
    await expect(keys(source, "out")).rejects.toMatchObject({ code: "denied" });
    await expect(source.stat("out/secret.txt")).rejects.toMatchObject({ name: "ZiplinkError" });
  });

  test("that form a loop or are broken are refused", async () => {
    const { root, source } = await servedFolder();
    await symlink(".", join(root, "folder/circle"));
    await expect(keys(source)).rejects.toMatchObject({ code: "denied" });
    const { root: other, source: second } = await servedFolder();
    await symlink("missing", join(other, "dangling"));
    await expect(keys(second)).rejects.toMatchObject({ code: "changed" });
    await expect(second.stat("dangling")).rejects.toMatchObject({ code: "not_found" });
  });

  test("that have replaced a file are not read", async () => {
    const { sandbox, root, source } = await servedFolder();
    const blob = await source.stat("folder/file.txt");
    await rm(join(root, "folder"), { recursive: true });
    await symlink(join(sandbox, "root-beside"), join(root, "folder"));
    await writeFile(join(sandbox, "root-beside/file.txt"), "outside");
    const opened = source.open(blob, { start: 0, end: 6 });
    await expect(opened).rejects.toMatchObject({ code: "denied" });
  });
});

test("a file that was rewritten, with its time restored, is another version", async () => {
  const { root, source } = await servedFolder();
  const path = join(root, "folder/file.txt");
  const time = new Date("2024-02-29T12:34:57Z");
  await utimes(path, time, time);
  const blob = await source.stat("folder/file.txt");
  await writeFile(path, "INSIDE");
  await utimes(path, time, time);
  expect(await source.stat("folder/file.txt")).toMatchObject({ size: 6, modified: time });
  const opened = source.open(blob, { start: 0, end: 6 });
  await expect(opened).rejects.toMatchObject({ code: "changed" });
});

describe("a file that is being read", () => {
  const changes: Record<string, (path: string) => Promise<void>> = {
    "is cut short": (path) => truncate(path, 1_000_000),
    grows: (path) => appendFile(path, "more"),
    "is written to in place": (path) => writeFile(path, patterned(3_000_000, 2)),
    "is touched": (path) => utimes(path, new Date(0), new Date(0)),
  };
  test("fails before the last bytes of a part if it was changed meanwhile", async () => {
    const { root, source } = await servedFolder();
    const path = join(root, "read.bin");
    await writeFile(path, patterned(4_000_000));
    const blob = await source.stat("read.bin");
    let length = 0;
    const reading = (async () => {
      for await (const chunk of await source.open(blob, { start: 0, end: 2_000_000 })) {
        if (length === 0) await writeFile(path, patterned(4_000_000, 2));
        length += chunk.length;
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: "changed" });
    expect(length).toBeLessThan(2_000_000);
  });

  test.each(Object.entries(changes))("%s: the read fails", async (_, change) => {
    const { root, source } = await servedFolder();
    const path = join(root, "read.bin");
    await writeFile(path, patterned(3_000_000));
    const blob = await source.stat("read.bin");
    let length = 0;
    const reading = (async () => {
      for await (const chunk of await source.open(blob, { start: 0, end: blob.size })) {
        if (length === 0) await change(path);
        length += chunk.length;
      }
    })();
    await expect(reading).rejects.toMatchObject({ code: "changed" });
    expect(await openFilesBelow(root)).toBe(0);
  });
});

test("keys are in the order of their bytes, across files and folders", async () => {
  const { root, source } = await servedFolder();
  const names = ["folder!", "folder0", "folder.txt", "\u{ffee}", "😀", "ä", "z"];
  for (const name of names) await writeFile(join(root, name), "");
  const found = await keys(source);
  expect(found).toEqual([...found].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
  expect(found).toHaveLength(names.length + 1);
  expect([...found].reverse().sort(compareUtf8)).toEqual(found);
});

test("the source itself may be a link, with any name", async () => {
  const { sandbox, root } = await servedFolder();
  await symlink(root, join(sandbox, "link"));
  expect(await keys(createFsSource({ root: `${join(sandbox, "link")}/` }))).toEqual([
    "folder/file.txt",
  ]);
});
