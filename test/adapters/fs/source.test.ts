import type { BigIntStats } from "node:fs";
import {
  appendFile,
  chmod,
  mkdir,
  rm,
  symlink,
  truncate,
  utimes,
  writeFile,
} from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { mayBeUnreadable } from "../../../adapters/fs/refusals.ts";
import { createFsSource } from "../../../adapters/fs/source.ts";
import type { BlobSource } from "../../../core/blob-source.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
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
    const dangling = { code: "denied", reason: "dangling_link", path: "dangling" };
    await expect(keys(second)).rejects.toMatchObject(dangling);
    await expect(second.stat("dangling")).rejects.toMatchObject(dangling);
    await expect(second.stat("missing")).rejects.toMatchObject({ code: "not_found" });
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

describe("what cannot be read", () => {
  /** Creates a folder with one file, `folder/file.txt`, and one thing that cannot be read. */
  const broken: Readonly<
    Record<
      string,
      readonly [make: (root: string) => Promise<unknown>, path: string, reason: string]
    >
  > = {
    "a link to a file outside": [
      (root) => symlink("../../root-beside/secret.txt", join(root, "folder/out")),
      "folder/out",
      "link_leads_out",
    ],
    "a link to a folder outside": [
      (root) => symlink("../root-beside", join(root, "out")),
      "out",
      "link_leads_out",
    ],
    "a link to nothing": [
      (root) => symlink("nothing", join(root, "folder/dangling")),
      "folder/dangling",
      "dangling_link",
    ],
    "a file whose name is not UTF-8": [
      (root) => writeFile(Buffer.concat([Buffer.from(`${root}/a`), Buffer.of(0xff)]), "x"),
      "a\ufffd",
      "name_not_utf8",
    ],
    "a folder whose name is not UTF-8": [
      (root) => mkdir(Buffer.concat([Buffer.from(`${root}/folder/`), Buffer.of(0xe4)])),
      "folder/\ufffd",
      "name_not_utf8",
    ],
    "a link whose name is not UTF-8": [
      (root) =>
        symlink("folder/file.txt", Buffer.concat([Buffer.from(`${root}/`), Buffer.of(0xfc)])),
      "\ufffd",
      "name_not_utf8",
    ],
  };

  test.each(Object.entries(broken))(
    "%s is denied, with its path",
    async (_, [make, path, reason]) => {
      const { root, source } = await servedFolder();
      await make(root);
      const refusal = { code: "denied", reason, path };
      await expect(keys(source)).rejects.toMatchObject(refusal);
      await expect(source.stat(path)).rejects.toMatchObject(refusal);
      expect(await openFilesBelow(root)).toBe(0);
    },
  );

  test.each(Object.entries(broken))(
    "%s can be left out of an archive, which lists it",
    async (_, [make, path, reason]) => {
      const { root } = await servedFolder();
      await make(root);
      const source = createFsSource({ root, listsUnreadable: true });
      expect((await keys(source)).sort()).toEqual(["folder/file.txt", path].sort());
      await expect(planArchive({ prefix: "" }, source)).rejects.toMatchObject({
        code: "denied",
        reason,
        path,
      });
      const options = { onUnreadable: "report" } as const;
      const plan = await planArchive({ prefix: "" }, source, options);
      expect(plan.entries.map(({ name }) => name)).toEqual(["folder/file.txt", "_missing.txt"]);
      expect(plan.missing).toEqual({ [reason]: 1 });
      // A link decides for itself.
      await expect(
        planArchive({ prefix: "", onMissing: "fail" }, source, options),
      ).rejects.toMatchObject({ code: "denied" });
      expect((await planArchive({ prefix: "", onMissing: "report" }, source)).entries).toHaveLength(
        2,
      );
    },
  );

  test("a link in a circle ends a listing with its path, whatever is left out", async () => {
    const { root } = await servedFolder();
    await symlink(".", join(root, "folder/circle"));
    const source = createFsSource({ root, listsUnreadable: true });
    await expect(keys(source)).rejects.toMatchObject({
      reason: "link_in_circle",
      path: "folder/circle",
    });
  });

  test("a folder that is not there is the set-up's failure, not a missing file", async () => {
    const { root, source } = await servedFolder();
    expect(await keys(source, "other/")).toEqual([]);
    await expect(source.stat("other")).rejects.toMatchObject({
      code: "not_found",
      reason: undefined,
    });
    await rm(root, { recursive: true });
    const missing = { code: "not_found", reason: "no_folder" };
    await expect(keys(source)).rejects.toMatchObject(missing);
    await expect(keys(source, "folder/")).rejects.toMatchObject(missing);
    await expect(source.stat("folder/file.txt")).rejects.toMatchObject(missing);
  });
});

describe("permissions", () => {
  const stats = (mode: bigint, uid: number, gid: number) =>
    ({ mode: 0o100000n | mode, uid: BigInt(uid), gid: BigInt(gid) }) as BigIntStats;

  beforeEach(() => {
    vi.spyOn(process, "geteuid").mockReturnValue(1000);
    return () => vi.restoreAllMocks();
  });

  test.each([
    ["one's own file", stats(0o400n, 1000, 9999), false],
    ["one's own file, for others only", stats(0o044n, 1000, 9999), true],
    ["a file of one's group", stats(0o040n, 1, process.getegid?.() ?? 0), false],
    ["a file of others, for one's group only", stats(0o440n, 1, 999_999), true],
    ["a file of others, for everybody", stats(0o004n, 1, 999_999), false],
    ["a private file of others", stats(0o600n, 1, 999_999), true],
  ])("%s", (_, file, expected) => {
    expect(mayBeUnreadable(file)).toBe(expected);
  });

  test("of a file that may be unreadable are asked of the system before it is used", async () => {
    const { root, source } = await servedFolder();
    await chmod(join(root, "folder/file.txt"), 0o000);
    for await (const { needsStat } of source.list("")) expect(needsStat).toBe(true);
    // The process that runs this test may be root, which may read it all the same.
    expect(await keys(source)).toEqual(["folder/file.txt"]);
  });

  test("the superuser may read everything", () => {
    vi.spyOn(process, "geteuid").mockReturnValue(0);
    expect(mayBeUnreadable(stats(0o000n, 1, 1))).toBe(false);
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
