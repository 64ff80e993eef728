import type { BigIntStats } from "node:fs";
import { sep } from "node:path";
import type { BlobInfo, BlobSource } from "../../core/blob-source.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { isMissing, isTooLong, translate, translated } from "./errors.ts";
import { assertVersion, toBlobInfo } from "./facts.ts";
import { FileChunks } from "./file-chunks.ts";
import { assertReadable, assertRoot, mayBeUnreadable, refusalOf, withPath } from "./refusals.ts";
import { type OpenFolder, openServedRoot, type ServedRoot } from "./served-root.ts";
import { Walk, type WalkLimits } from "./walk.ts";

/** The folder of a source. */
export interface FsSourceOptions {
  /** The folder to serve. A key is a path in it, its parts separated by `/` on every system. */
  readonly root: string;
  /**
   * Whether `list` yields what cannot be read, such as a symbolic link that leads out, with `needsStat`, so
   * that whoever lists can leave it out. Default: false; `list` rejects with `denied`.
   */
  readonly listsUnreadable?: boolean;
}

/**
 * Serves the regular files below a folder, whose names must be UTF-8. Symbolic links are followed
 * while they stay inside it. A link that leads out or nowhere, a name that is not UTF-8, and a folder
 * that may not be read are refused as `denied`, by default in a listing too, since an archive without them
 * would only look complete. So is a link that forms a loop, a tree that is deeper than 256 folders, or one
 * that its links make too large to list. These errors state the path, for the log.
 *
 * A version is a file's size, modification time, change time and inode. It is compared when a file is
 * opened, and again before its last bytes are passed on, so a file that is written to, replaced or
 * truncated during the read fails as `changed`.
 */
export function createFsSource({ root, listsUnreadable }: FsSourceOptions): BlobSource {
  return createSourceOf(openServedRoot(root), {}, listsUnreadable);
}

/** Creates the source of a served folder; `limits` are for tests. */
export function createSourceOf(
  root: ServedRoot,
  limits?: Partial<WalkLimits>,
  listsUnreadable = false,
): BlobSource {
  return {
    async stat(key, signal) {
      signal?.throwIfAborted();
      const path = toPath(key);
      return toBlobInfo(key, await translated(statReadable(root, path)));
    },

    async *list(prefix, signal) {
      const folder = prefix.slice(0, prefix.lastIndexOf("/"));
      if (prefix.includes("/") && !isKey(folder)) return;
      try {
        const walk = new Walk(root, prefix, { signal, limits, listsUnreadable });
        for await (const info of walk.files()) {
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

/** Describes a file. Rejects with `denied` if it, or the folder with this name, is there but cannot be read. */
async function statReadable(root: ServedRoot, path: string): Promise<BigIntStats> {
  const slash = path.lastIndexOf("/");
  const entry = { key: path, name: path.slice(slash + 1) };
  const inParent = <T>(use: (folder: OpenFolder) => Promise<T>) =>
    root.inFolder(path.slice(0, slash + 1), use);
  try {
    const stats = await root.stat(path);
    if (stats.isDirectory() || mayBeUnreadable(stats)) {
      await inParent((folder) => assertReadable(folder, entry.name, stats));
    }
    return stats;
  } catch (error) {
    if (!isMissing(error)) throw withPath(error, path);
    await assertRoot(root);
    throw await inParent((folder) => refusalOf(error, folder, entry));
  }
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
