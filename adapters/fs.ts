import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open, readdir, realpath } from "node:fs/promises";
import { join, sep } from "node:path";
import { pMapIterable } from "p-map";
import type { BlobInfo, BlobSource, ByteRange } from "../core/blob-source.ts";
import { allocateChunk, CHUNK_BYTES } from "../core/chunks.ts";
import { changed, notFound, ZiplinkError } from "../core/errors.ts";
import { compareUtf8 } from "../core/utf8-order.ts";

export interface FsSourceOptions {
  /** The folder to serve. A key is a path in it, its parts separated by `/` on every system. */
  readonly root: string;
}

/** How many files of a folder are described at a time. */
const STAT_CONCURRENCY = 32;

/**
 * The regular files below a folder, whose names must be UTF-8. Symbolic links are followed while they stay inside it; one that leads
 * out, or in a circle, is refused as `denied`, in a listing too: leaving it out would make an archive
 * that only looks whole. A version is a file's size, modification time and inode; it is compared
 * when a file is opened and again before the last bytes are handed out, so a file that is written to, replaced or
 * cut short while it is read fails as `changed`.
 */
export function createFsSource({ root }: FsSourceOptions): BlobSource {
  let realRoot: string | undefined;

  /** Rejects unless `path` exists and, links resolved, lies in the root; gives the resolved path. */
  async function resolveInside(path: string): Promise<string> {
    const real = await realpath(path);
    if (realRoot !== undefined && isInside(real, realRoot)) return real;
    // The root is resolved again before anything is refused: it may be a link that has been changed.
    realRoot = await realpath(root);
    if (isInside(real, realRoot)) return real;
    throw new ZiplinkError("denied", "A symbolic link leads out of the served folder.");
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
        throw isMissing(error) ? changed(error) : translate(error);
      }
    },

    async open(blob, range, signal) {
      signal?.throwIfAborted();
      const file = await translated(openVersion(blob));
      return new FileChunks(file, blob, range, signal);
    },
  };

  /**
   * The files below `folder` ("" or ending in "/") whose keys start with `prefix`, in the order of
   * their keys, each with its path, links resolved.
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
      if (ancestors.length === 0 && isMissing(error)) return; // no such prefix: nothing to list
      throw error;
    }
    if (ancestors.includes(real)) {
      throw new ZiplinkError("denied", "A symbolic link leads in a circle in the served folder.");
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
    // Not following a link, nor waiting for a pipe's writer, that took the file's place just now.
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

/**
 * A range of an open file, read one chunk ahead so that the disk works while the last chunk is sent.
 * It is no generator since `return()` of one that has not started does not run its `finally`.
 */
class FileChunks implements AsyncIterableIterator<Uint8Array> {
  readonly #file: FileHandle;
  readonly #blob: BlobInfo;
  readonly #end: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.#close().catch(() => undefined);
  #position: number;
  #ahead: Promise<Uint8Array> | undefined;
  #closing: Promise<void> | undefined;

  constructor(file: FileHandle, blob: BlobInfo, range: ByteRange, signal?: AbortSignal) {
    this.#file = file;
    this.#blob = blob;
    this.#position = range.start;
    this.#end = range.end;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      this.#signal?.throwIfAborted();
      if (this.#closing) return { done: true, value: undefined };
      const chunk = await (this.#ahead ?? this.#read());
      this.#signal?.throwIfAborted();
      this.#position += chunk.length;
      if (chunk.length > 0) {
        // Before the last bytes are handed out: who has got all that was promised looks no further.
        if (this.#position === this.#end) await assertVersion(this.#file, this.#blob);
        this.#ahead = this.#read();
        // Its failure is reported when it is asked for; until then it must not end the process.
        this.#ahead.catch(() => undefined);
        return { done: false, value: chunk };
      }
      return await this.return();
    } catch (error) {
      await this.#close();
      this.#signal?.throwIfAborted();
      throw translate(error);
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#close();
    return { done: true, value: undefined };
  }

  /** The next chunk, empty behind the range's end. */
  async #read(): Promise<Uint8Array> {
    const length = Math.min(CHUNK_BYTES, this.#end - this.#position);
    if (length === 0) return new Uint8Array();
    const buffer = allocateChunk(length);
    const { bytesRead } = await this.#file.read(buffer, 0, length, this.#position);
    if (bytesRead === 0) throw changed();
    return buffer.subarray(0, bytesRead);
  }

  #close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#signal?.removeEventListener("abort", this.#onAbort);
      await this.#file.close(); // waits for the read that may be under way
    })();
    return this.#closing;
  }
}

function isInside(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

/** Whether `key` is a path that `list` could give: no empty part, `.` or `..`, nor another separator. */
function isKey(key: string): boolean {
  if (key.includes("\0") || (sep !== "/" && key.includes(sep))) return false;
  return key.split("/").every((part) => part !== "" && part !== "." && part !== "..");
}

function toPath(root: string, key: string): string {
  if (!isKey(key)) throw notFound();
  return join(root, key);
}

function toBlobInfo(key: string, stats: BigIntStats): BlobInfo {
  if (!stats.isFile()) throw notFound();
  return {
    key,
    size: Number(stats.size),
    version: version(stats),
    modified: new Date(Number(stats.mtimeNs / 1_000_000n)),
  };
}

function version({ size, mtimeNs, ino }: BigIntStats): string {
  return `${size}-${mtimeNs}-${ino}`;
}

async function assertVersion(file: FileHandle, blob: BlobInfo): Promise<void> {
  const stats = await file.stat({ bigint: true });
  if (!stats.isFile() || version(stats) !== blob.version) throw changed();
}

async function translated<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw translate(error);
  }
}

/** Node's system errors as ours: https://nodejs.org/api/errors.html#common-system-errors */
function translate(error: unknown): unknown {
  if (isMissing(error)) return notFound(error);
  switch (systemCode(error)) {
    case "EACCES":
    case "EPERM":
    case "ELOOP":
      return new ZiplinkError("denied", "The served folder may not be read.", { cause: error });
    case "EMFILE":
    case "ENFILE":
    case "EIO":
    case "EBUSY":
      return new ZiplinkError("unavailable", "The files cannot be read now. Try again.", {
        cause: error,
      });
    default:
      return error;
  }
}

function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG";
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
