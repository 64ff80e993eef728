import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { pMapIterable } from "p-map";
import type { BlobInfo, BlobSource } from "../../core/blob-source.ts";
import { compareUtf8 } from "../../core/source/key-order.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { isMissing, translate, translated } from "./errors.ts";
import { assertVersion, FileChunks, version } from "./file-chunks.ts";

/** The folder of a source. */
export interface FsSourceOptions {
  /** The folder to serve. A key is a path in it, its parts separated by `/` on every system. */
  readonly root: string;
}

/** Number of files of a folder that are described concurrently. */
const STAT_CONCURRENCY = 32;

/**
 * Serves the regular files below a folder, whose names must be UTF-8. Symbolic links are followed
 * while they stay inside it. A link that leads out, or forms a loop, is refused as `denied`, in a
 * listing too, since an archive without it would only look complete. A version is a file's size,
 * modification time and inode. It is compared when a file is opened, and again before its last
 * bytes are passed on, so a file that is written to, replaced or truncated during the read fails as
 * `changed`.
 */
export function createFsSource({ root }: FsSourceOptions): BlobSource {
  let realRoot: string | undefined;

  /** Returns `path` with its links resolved. Rejects unless it exists and lies inside the root. */
  async function resolveInside(path: string): Promise<string> {
    const real = await realpath(path);
    if (realRoot !== undefined && isInside(real, realRoot)) return real;
    // Resolve the root again before refusing anything: it may be a link that has changed.
    realRoot = await realpath(root);
    if (isInside(real, realRoot)) return real;
    throw storeError("link_leads_out");
  }

  return {
    async stat(key, signal) {
      signal?.throwIfAborted();
      return await translated(
        (async () => {
          const real = await resolveInside(toPath(root, key));
          return toBlobInfo(key, await lstat(real, { bigint: true }));
        })(),
      );
    },

    async *list(prefix, signal) {
      const folder = prefix.slice(0, prefix.lastIndexOf("/") + 1);
      if (folder !== "" && !isKey(folder.slice(0, -1))) return;
      const infos = pMapIterable(
        walk(folder, prefix, []),
        async ({ key, path }) => toBlobInfo(key, await lstat(path, { bigint: true })),
        { concurrency: STAT_CONCURRENCY },
      );
      try {
        for await (const info of infos) {
          signal?.throwIfAborted();
          yield info;
        }
      } catch (error) {
        throw isMissing(error) ? storeError("changed", error) : translate(error);
      }
    },

    async open(blob, range, signal) {
      signal?.throwIfAborted();
      const file = await translated(openVersion(blob));
      return new FileChunks(file, blob, range, signal);
    },
  };

  /**
   * Yields the files below `folder` ("" or ending in "/") whose keys start with `prefix`, in the
   * order of their keys, each with its path, links resolved.
   */
  async function* walk(
    folder: string,
    prefix: string,
    ancestors: readonly string[],
  ): AsyncGenerator<FoundFile, void, undefined> {
    let real: string;
    try {
      real = await resolveInside(join(root, folder));
    } catch (error) {
      if (ancestors.length === 0 && isMissing(error)) return; // no such folder, so nothing to list
      throw error;
    }
    if (ancestors.includes(real)) {
      throw storeError("link_in_circle");
    }
    const found: FoundFile[] = [];
    for (const entry of await readdir(real, { withFileTypes: true })) {
      const path = join(real, entry.name);
      const target = entry.isSymbolicLink() ? await resolveInside(path) : path;
      const kind = entry.isSymbolicLink() ? await lstat(target) : entry;
      if (kind.isFile()) found.push({ key: folder + entry.name, path: target });
      else if (kind.isDirectory()) found.push({ key: `${folder}${entry.name}/`, path: target });
    }
    for (const file of found.sort((a, b) => compareUtf8(a.key, b.key))) {
      const { key } = file;
      if (!key.endsWith("/")) {
        if (key.startsWith(prefix)) yield file;
      } else if (key.startsWith(prefix) || prefix.startsWith(key)) {
        yield* walk(key, prefix, [...ancestors, real]);
      }
    }
  }

  async function openVersion(blob: BlobInfo): Promise<FileHandle> {
    const real = await resolveInside(toPath(root, blob.key));
    // Does not follow a link, nor wait for the writer of a pipe, that has just replaced the file.
    const file = await open(real, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    try {
      await assertVersion(file, blob);
      return file;
    } catch (error) {
      await file.close();
      throw error;
    }
  }
}

interface FoundFile {
  readonly key: string;
  readonly path: string;
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Whether `list` could return `key`: no empty part, `.` or `..`, and no other separator. */
function isKey(key: string): boolean {
  if (key.includes("\0") || (sep !== "/" && key.includes(sep))) return false;
  return key.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function toPath(root: string, key: string): string {
  if (!isKey(key)) throw storeError("not_found");
  return join(root, key);
}

function toBlobInfo(key: string, stats: BigIntStats): BlobInfo {
  if (!stats.isFile()) throw storeError("not_found");
  return {
    key,
    size: Number(stats.size),
    version: version(stats),
    modified: new Date(Number(stats.mtimeNs / 1_000_000n)),
  };
}
