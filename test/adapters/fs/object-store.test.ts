import { mkdir, readdir, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createFsObjectStore } from "../../../adapters/fs/object-store.ts";
import { describeObjectStore } from "../../contract/object-store.ts";
import { codeOf } from "../../support/error-codes.ts";
import { makeFolder, removeFolder, temporaryFolder } from "../../support/temporary-folder.ts";

describeObjectStore("fs", async () => {
  const folder = await makeFolder();
  const root = join(folder, "made/when/needed");
  const refusing = join(folder, "refusing");
  await mkdir(join(refusing, "refused"), { recursive: true });
  return {
    store: createFsObjectStore({ root }),
    refusing: createFsObjectStore({ root: refusing }),
    names: () => readdir(root),
    close: () => removeFolder(folder),
  };
});

test("an object that cannot be written leaves nothing behind", async () => {
  const root = await temporaryFolder();
  const store = createFsObjectStore({ root });
  await mkdir(join(root, "taken"));
  await expect(store.put("taken", Buffer.from("x"))).rejects.toMatchObject({
    name: "ZiplinkError",
    code: "denied",
    cause: { code: "EISDIR" },
  });
  expect(await readdir(root)).toEqual(["taken"]);
});

test("a folder that is a file differs from an object that does not exist", async () => {
  const root = join(await temporaryFolder(), "file");
  await writeFile(root, "");
  const store = createFsObjectStore({ root });
  expect(await codeOf(store.get("a"))).toBe("not_found");
  expect(await codeOf(store.put("a", Buffer.from("x")))).toBe("denied");
});

test("only its owner can read an object", async () => {
  const root = await temporaryFolder();
  await createFsObjectStore({ root }).put("a", Buffer.from("x"));
  expect((await stat(join(root, "a"))).mode & 0o777).toBe(0o600);
});
