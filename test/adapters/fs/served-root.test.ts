import { mkdir, open, rename, rm, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { knowsDescriptors, rootByDescriptors } from "../../../adapters/fs/root-by-descriptors.ts";
import { rootByPaths } from "../../../adapters/fs/root-by-paths.ts";
import type { ServedRoot } from "../../../adapters/fs/served-root.ts";
import { openFilesBelow } from "../../support/open-files.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** Creates a root with a folder in it, beside a folder with the same files that must not be seen. */
async function makeRoot() {
  const sandbox = await temporaryFolder();
  const root = join(sandbox, "root");
  const outside = join(sandbox, "outside");
  await mkdir(join(root, "folder"), { recursive: true });
  await mkdir(outside);
  await writeFile(join(root, "folder/file.txt"), "inside");
  await writeFile(join(outside, "file.txt"), "outside");
  await writeFile(join(outside, "secret.txt"), "outside");
  return { root, outside };
}

/** Puts a link that leads out in the place of the folder. */
async function swap(root: string, outside: string): Promise<void> {
  await rename(join(root, "folder"), join(root, "moved"));
  await symlink(outside, join(root, "folder"));
}

const roots: [string, (root: string) => ServedRoot][] = [["paths", rootByPaths]];
if (knowsDescriptors()) roots.push(["descriptors", rootByDescriptors]);

test("Linux knows descriptors", () => {
  expect(knowsDescriptors()).toBe(process.platform === "linux");
});

describe.each(roots)("a root, by %s", (kind, openRoot) => {
  test("has nothing that a link leads out to", async () => {
    const { root, outside } = await makeRoot();
    await swap(root, outside);
    await symlink(join(outside, "file.txt"), join(root, "moved/link.txt"));
    const served = openRoot(root);
    for (const path of ["folder/file.txt", "folder/secret.txt", "moved/link.txt"]) {
      await expect(served.stat(path)).rejects.toMatchObject({ code: "denied" });
      await expect(served.openFile(path)).rejects.toMatchObject({ code: "denied" });
    }
    const inFolder = served.inFolder("folder/", async () => "entered");
    await expect(inFolder).rejects.toMatchObject({ code: "denied" });
    await served.inFolder("moved/", async (folder) => {
      await expect(folder.stat("link.txt")).rejects.toMatchObject({ code: "denied" });
      expect((await folder.lstat("link.txt")).isSymbolicLink()).toBe(true);
    });
    expect(await openFilesBelow(root)).toBe(0);
    expect(await openFilesBelow(outside)).toBe(0);
  });

  test("may be a link that is led elsewhere", async () => {
    const { root, outside } = await makeRoot();
    const link = `${root}-link`;
    await symlink(root, link);
    const served = openRoot(link);
    expect((await served.stat("folder/file.txt")).size).toBe(6n);
    await rm(link);
    await symlink(outside, link);
    expect((await served.stat("secret.txt")).size).toBe(7n);
  });

  test("shows nothing of a folder that takes the place of an open one", async () => {
    const { root, outside } = await makeRoot();
    const seen = openRoot(root).inFolder("folder/", async (folder) => {
      await swap(root, outside);
      const names = (await folder.entries()).map(({ name }) => name);
      return [...names, (await folder.lstat("file.txt")).size];
    });
    // By paths, what was seen is dropped afterwards, as nothing tells whose it was.
    if (kind === "descriptors") expect(await seen).toEqual(["file.txt", 6n]);
    else await expect(seen).rejects.toMatchObject({ code: "denied" });
  });

  test("shows no other folder of the root, either, in the place of an open one", async () => {
    const { root } = await makeRoot();
    const seen = openRoot(root).inFolder("folder/", async (folder) => {
      await rename(join(root, "folder"), join(root, "moved"));
      await mkdir(join(root, "folder"));
      return (await folder.entries()).length;
    });
    if (kind === "descriptors") expect(await seen).toBe(1);
    else await expect(seen).rejects.toMatchObject({ code: "changed" });
  });
});

describe.runIf(knowsDescriptors())("a root, by descriptors", () => {
  /** Returns a link to a file that is open, and by now deleted. */
  async function deleted(path: string): Promise<string> {
    await writeFile(path, "gone");
    const file = await open(path);
    onTestFinished(() => file.close());
    await rm(path);
    return `/proc/self/fd/${file.fd}`;
  }

  test("has no file that was deleted meanwhile", async () => {
    const { root, outside } = await makeRoot();
    await symlink(await deleted(join(root, "own.txt")), join(root, "own-link"));
    await symlink(await deleted(join(outside, "other.txt")), join(root, "other-link"));
    const served = rootByDescriptors(root);
    await expect(served.stat("own-link")).rejects.toMatchObject({ code: "changed" });
    await expect(served.stat("other-link")).rejects.toMatchObject({ code: "denied" });
  });

  test("has a file whose name says that it was deleted", async () => {
    const { root } = await makeRoot();
    await writeFile(join(root, "notes (deleted)"), "here");
    expect((await rootByDescriptors(root).stat("notes (deleted)")).size).toBe(4n);
  });
});
