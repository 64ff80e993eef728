import { link, mkdir, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { createFsDestination } from "../../../adapters/fs/destination.ts";
import { createFsSource } from "../../../adapters/fs/source.ts";
import { UPLOADS_FOLDER } from "../../../adapters/fs/upload-folder.ts";
import { describeBlobDestination } from "../../contract/blob-destination.ts";
import { codeOf } from "../../support/error-codes.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";

describeBlobDestination("fs", async () => {
  const root = await makeFolder();
  const files = async () => {
    const names = await readdir(join(root, UPLOADS_FOLDER)).catch(() => []);
    return names.length;
  };
  return {
    destination: createFsDestination({ root }),
    // Permissions do not apply to the superuser, but a file is never a folder.
    denied: createFsDestination({ root: import.meta.filename }),
    async read(key) {
      return await readFile(join(root, key)).catch(() => undefined);
    },
    async put(key, bytes) {
      await mkdir(dirname(join(root, key)), { recursive: true });
      await writeFile(join(root, key), bytes);
    },
    leftovers: files,
    async lose({ id }) {
      await rm(join(root, UPLOADS_FOLDER, id.split(".")[0] ?? ""), { recursive: true });
    },
    close: () => removeFolder(root),
  };
});

const terms = { mark: "mark", contentType: "application/zip", metadata: {} };

async function makeRoot(): Promise<string> {
  const root = await makeFolder();
  onTestFinished(() => removeFolder(root));
  return root;
}

test.each(["../up", "a/../b", "a//b", "/a", "a/", ".", `${UPLOADS_FOLDER}/x`, "a\0b"])(
  "no upload is for %j",
  async (key) => {
    const destination = createFsDestination({ root: await makeRoot() });
    expect(await codeOf(destination.begin(key, terms))).toBe("malformed");
  },
);

test("does not follow a link out of its folder", async () => {
  const root = await makeRoot();
  const outside = await makeRoot();
  await symlink(outside, join(root, "link"));
  const destination = createFsDestination({ root });
  expect(await codeOf(destination.begin("link/a", terms))).toBe("denied");
  expect(await codeOf(destination.begin("link/deep/a", terms))).toBe("denied");
  expect(await readdir(outside)).toEqual([]);
});

test("a damaged file never becomes visible", async () => {
  const root = await makeRoot();
  const destination = createFsDestination({ root });
  const upload = await destination.begin("damaged", terms);
  const part = await destination.putPart(upload, { number: 1, start: 0 }, Buffer.from("right"));
  const [folder = ""] = await readdir(join(root, UPLOADS_FOLDER));
  await writeFile(join(root, UPLOADS_FOLDER, folder, "data"), "wrong");
  const completing = destination.complete(upload, [part], {
    size: 5,
    crc32: undefined,
    replaces: "nothing",
  });
  expect(await codeOf(completing)).toBe("corrupt");
  expect(await destination.find("damaged")).toBeUndefined();
});

test("a part counts once its line is complete", async () => {
  const root = await makeRoot();
  const destination = createFsDestination({ root });
  const upload = await destination.begin("torn", terms);
  await destination.putPart(upload, { number: 1, start: 0 }, Buffer.from("one"));
  await destination.putPart(upload, { number: 2, start: 3 }, Buffer.from("two"));
  const [folder = ""] = await readdir(join(root, UPLOADS_FOLDER));
  const lines = join(root, UPLOADS_FOLDER, folder, "parts");
  await writeFile(lines, (await readFile(lines, "utf8")).slice(0, -10));
  expect((await destination.listParts(upload)).map(({ number }) => number)).toEqual([1]);
});

test("its versions match those of a source of the same folder", async () => {
  const root = await makeRoot();
  const destination = createFsDestination({ root });
  const upload = await destination.begin("a/b.zip", terms);
  const part = await destination.putPart(upload, { number: 1, start: 0 }, Buffer.from("bytes"));
  const made = await destination.complete(upload, [part], {
    size: 5,
    crc32: part.crc32,
    replaces: "nothing",
  });
  expect((await createFsSource({ root }).stat("a/b.zip")).version).toBe(made.version);
});

test("an upload that a crash left beside its object is removed before its version is told", async () => {
  const root = await makeRoot();
  const destination = createFsDestination({ root });
  const upload = await destination.begin("a.zip", terms);
  const part = await destination.putPart(upload, { number: 1, start: 0 }, Buffer.from("bytes"));
  const [folder = ""] = await readdir(join(root, UPLOADS_FOLDER));
  await link(join(root, UPLOADS_FOLDER, folder, "data"), join(root, "a.zip"));
  const made = await destination.complete(upload, [part], {
    size: 5,
    crc32: part.crc32,
    replaces: "nothing",
  });
  expect(await readdir(join(root, UPLOADS_FOLDER))).toEqual([]);
  expect((await createFsSource({ root }).stat("a.zip")).version).toBe(made.version);
});
