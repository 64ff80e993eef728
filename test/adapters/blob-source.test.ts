import { mkdir, rm, utimes, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe } from "vitest";
import { rootByPaths } from "../../adapters/fs/root-by-paths.ts";
import { openServedRoot, type ServedRoot } from "../../adapters/fs/served-root.ts";
import { createSourceOf } from "../../adapters/fs/source.ts";
import { createMemorySource } from "../../adapters/memory/source.ts";
import { describeBlobSource, type SourceUnderTest } from "../contract/blob-source.ts";
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

describe.each([
  ["fs", openServedRoot],
  ["fs, checked by path", rootByPaths],
] as const)("%s", (name, open) => {
  describeBlobSource(name, () => startFolder(open));
});

async function startFolder(open: (root: string) => ServedRoot): Promise<SourceUnderTest> {
  const root = await makeFolder();
  return {
    source: createSourceOf(open(root)),
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
}
