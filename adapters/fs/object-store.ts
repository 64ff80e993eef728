import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ObjectStore } from "../../core/source/object-store.ts";
import { translate } from "./errors.ts";

/** Where the objects are kept. */
export interface FsObjectStoreOptions {
  /** The folder's path. */
  readonly root: string;
}

/** Small objects as files of a folder, which is made when the first one is kept. */
export function createFsObjectStore({ root }: FsObjectStoreOptions): ObjectStore {
  return {
    async get(name, signal) {
      signal?.throwIfAborted();
      try {
        return await readFile(join(root, name), signal ? { signal } : {});
      } catch (error) {
        signal?.throwIfAborted();
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw translate(error);
      }
    },
    async put(name, bytes, signal) {
      signal?.throwIfAborted();
      // Written under another name first: a reader sees the whole of it or nothing.
      const temporary = join(root, `${name}.${crypto.randomUUID()}.tmp`);
      try {
        await mkdir(root, { recursive: true });
        await writeFile(temporary, bytes, { mode: 0o600, ...(signal ? { signal } : {}) });
        await rename(temporary, join(root, name));
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined); // what failed first is told
        signal?.throwIfAborted();
        throw translate(error);
      }
    },
  };
}
