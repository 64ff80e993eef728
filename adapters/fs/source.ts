import { sep } from "node:path";
import type { BlobInfo, BlobSource } from "../../core/blob-source.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { isMissing, isTooLong, translate, translated } from "./errors.ts";
import { assertVersion, toBlobInfo } from "./facts.ts";
import { FileChunks } from "./file-chunks.ts";
import { openServedRoot, type ServedRoot } from "./served-root.ts";
import { Walk, type WalkLimits } from "./walk.ts";

/** The folder of a source. */
export interface FsSourceOptions {
  /** The folder to serve. A key is a path in it, its parts separated by `/` on every system. */
  readonly root: string;
}

/**
 * Serves the regular files below a folder, whose names must be UTF-8. Symbolic links are followed
 * while they stay inside it. A link that leads out, or forms a loop, is refused as `denied`, in a
 * listing too, since an archive without it would only look complete. So is a tree that is deeper than
 * 256 folders, or that its links make too large to list.
 *
 * A version is a file's size, modification time, change time and inode. It is compared when a file is
 * opened, and again before its last bytes are passed on, so a file that is written to, replaced or
 * truncated during the read fails as `changed`.
 */
export function createFsSource({ root }: FsSourceOptions): BlobSource {
  return createSourceOf(openServedRoot(root));
}

/** Creates the source of a served folder; `limits` are for tests. */
export function createSourceOf(root: ServedRoot, limits?: Partial<WalkLimits>): BlobSource {
  return {
    async stat(key, signal) {
      signal?.throwIfAborted();
      return toBlobInfo(key, await translated(root.stat(toPath(key))));
    },

    async *list(prefix, signal) {
      const folder = prefix.slice(0, prefix.lastIndexOf("/"));
      if (prefix.includes("/") && !isKey(folder)) return;
      try {
        for await (const info of new Walk(root, prefix, signal, limits).files()) {
          signal?.throwIfAborted();
          yield info;
        }
      } catch (error) {
        if (isTooLong(error)) throw storeError("too_deep", error);
        throw isMissing(error) ? storeError("changed", error) : translate(error);
      }
    },

    async open(blob, range, signal) {
      signal?.throwIfAborted();
      const file = await translated(openVersion(root, blob));
      return new FileChunks(file, blob, range, signal);
    },
  };
}

async function openVersion(root: ServedRoot, blob: BlobInfo) {
  const file = await root.openFile(toPath(blob.key));
  try {
    assertVersion(await file.stat({ bigint: true }), blob);
    return file;
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** Whether `list` could return `key`: no empty part, `.` or `..`, and no other separator. */
function isKey(key: string): boolean {
  if (key.includes("\0") || (sep !== "/" && key.includes(sep))) return false;
  return key.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

/** Returns a key as a path within the root. Throws `not_found` if it can be none. */
function toPath(key: string): string {
  if (!isKey(key)) throw storeError("not_found");
  return key;
}
