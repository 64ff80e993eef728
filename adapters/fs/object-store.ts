import { mkdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ObjectStore } from "../../core/source/object-store.ts";
import { translate } from "./errors.ts";

/** The folder of the objects. */
export interface FsObjectStoreOptions {
  /** The folder's path. */
  readonly root: string;
}

/** Stores small objects as files of a folder, which is created with the first one. */
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
      // Written under a temporary name first, so that readers see the whole object or none.
      const temporary = join(root, `${name}.${crypto.randomUUID()}.tmp`);
      try {
        await mkdir(root, { recursive: true });
        await writeFile(temporary, bytes, { mode: 0o600, ...(signal ? { signal } : {}) });
        await rename(temporary, join(root, name));
      } catch (error) {
        // The first failure is reported, not this one.
        await rm(temporary, { force: true }).catch(() => undefined);
        signal?.throwIfAborted();
        throw translate(error);
      }
    },
  };
}
