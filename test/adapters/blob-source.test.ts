import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createFsSource } from "../../adapters/fs/source.ts";
import { createMemorySource } from "../../adapters/memory/source.ts";
import { describeBlobSource } from "../contract/blob-source.ts";
import { openFilesBelow } from "../support/open-files.ts";
import { makeFolder, removeFolder } from "../support/temporary-folder.ts";

describeBlobSource("memory", async () => {
  const source = createMemorySource();
  return {
    source,
    put: async (key, bytes, modified) => source.put(key, { bytes, modified }),
    remove: async (key) => source.delete(key),
    held: () => 0,
    close: async () => undefined,
  };
});

describeBlobSource("fs", async () => {
  const root = await makeFolder();
  return {
    source: createFsSource({ root }),
    async put(key, bytes, modified) {
      const path = join(root, key);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
      await utimes(path, modified, modified);
    },
    remove: (key) => rm(join(root, key)),
    held: () => openFilesBelow(root),
    close: () => removeFolder(root),
  };
});
