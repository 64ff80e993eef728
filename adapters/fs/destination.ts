import type { BigIntStats } from "node:fs";
import { link, lstat, mkdir, open, realpath, rename, stat, unlink } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { allocateChunk, CHUNK_BYTES, release } from "../../core/bytes/chunks.ts";
import { crc32 } from "../../core/bytes/crc32.ts";
import type {
  BlobDestination,
  CompletionTerms,
  StoredObject,
  StoredPart,
} from "../../core/delivery/blob-destination.ts";
import {
  assertJoin,
  joinedCrc32,
  notReplaceable,
  uploadGone,
  wrongUpload,
} from "../../core/delivery/joined-parts.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { isMissing, translate } from "./errors.ts";
import { version } from "./facts.ts";
import { isFileOf, UPLOADS_FOLDER, UploadFolder } from "./upload-folder.ts";

/** The folder of a destination. */
export interface FsDestinationOptions {
  /** Must exist. A key is a path in it, its parts separated by `/` on every system. */
  readonly root: string;
}

/**
 * Writes files below a folder. Parts are written to a file in `.ziplink-uploads`, and each is
 * synced before it counts. On completion, that file is read back and synced. It is then linked to
 * its name, which fails if the name is taken. To replace another file, it is renamed instead, right
 * after a check of that file's version.
 */
export function createFsDestination({ root }: FsDestinationOptions): BlobDestination {
  const destination: BlobDestination = {
    traits: {
      limits: {
        minPartBytes: 1,
        maxPartBytes: Number.MAX_SAFE_INTEGER,
        maxParts: 100_000,
        equalParts: false,
      },
      partCheck: "none",
      isAtomic: false,
      copies: "none",
    },

    begin: (key, { mark }, signal) =>
      written(signal, async () => {
        assertKey(key);
        await assertFolder(root);
        await assertInside(root, dirname(join(root, key)));
        return UploadFolder.create(await realpath(root), key, mark);
      }),

    putPart: (upload, { number, start }, bytes, signal) =>
      written(signal, async (): Promise<StoredPart> => {
        const folder = new UploadFolder(root, upload);
        const file = await open(folder.data, "r+");
        try {
          for (let at = 0; at < bytes.length; ) {
            const { bytesWritten } = await file.write(bytes, at, bytes.length - at, start + at);
            at += bytesWritten;
          }
          await file.datasync();
        } finally {
          await file.close();
        }
        const crc = crc32(bytes);
        const receipt = `${start} ${bytes.length} ${crc}`;
        const part = { number, size: bytes.length, receipt, crc32: crc };
        await folder.note({ ...part, start });
        return part;
      }),

    async copyPart() {
      throw new ZiplinkError("malformed", "This destination cannot copy from the source.");
    },

    listParts: (upload, signal) =>
      written(signal, async () => {
        const parts = await new UploadFolder(root, upload).parts();
        return parts.map(({ start: _, ...part }) => part);
      }),

    complete: (upload, parts, terms, signal) =>
      written(signal, async () => {
        const folder = new UploadFolder(root, upload);
        if (!(await destination.findUploaded(upload))) {
          await assertWritten(folder, parts, terms, signal);
          await publish(folder, terms);
        }
        // First: to remove the file's other name changes its version.
        await folder.remove();
        const object = await destination.findUploaded(upload);
        if (!object) throw uploadGone();
        return object;
      }),

    abort: (upload, signal) => written(signal, () => new UploadFolder(root, upload).remove()),

    find: (key, signal) =>
      written(signal, async () => {
        const stats = await statFile(key);
        return stats && toStoredObject(key, stats);
      }),

    findUploaded: (upload, signal) =>
      written(signal, async () => {
        const stats = await statFile(upload.key);
        return stats && isFileOf(upload, stats) ? toStoredObject(upload.key, stats) : undefined;
      }),

    remove: (upload, signal) =>
      written(signal, async () => {
        const stats = await statFile(upload.key);
        if (!stats || !isFileOf(upload, stats)) return false;
        await unlink(join(root, upload.key));
        return true;
      }),

    async *uploads(prefix, signal) {
      for await (const found of UploadFolder.all(root)) {
        signal?.throwIfAborted();
        if (found.upload.key.startsWith(prefix)) yield found;
      }
    },
  };

  /** Returns the file under `key`, if it exists. A symbolic link does not count as a file. */
  async function statFile(key: string): Promise<BigIntStats | undefined> {
    assertKey(key);
    try {
      const stats = await lstat(join(root, key), { bigint: true });
      return stats.isFile() ? stats : undefined;
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** Publishes the upload's file under its name. */
  async function publish(folder: UploadFolder, { replaces }: CompletionTerms): Promise<void> {
    const { key } = folder.upload;
    const path = join(root, key);
    await assertInside(root, dirname(path));
    await mkdir(dirname(path), { recursive: true });
    if (replaces === "nothing") {
      await link(folder.data, path);
    } else {
      const found = await statFile(key);
      const isOther = replaces !== "anything" && (!found || version(found) !== replaces.version);
      if (isOther) throw notReplaceable();
      await rename(folder.data, path);
    }
    await sync(dirname(path));
  }

  return destination;
}

/** Reads the file back, and throws `corrupt` unless it has the bytes of its parts. */
async function assertWritten(
  folder: UploadFolder,
  parts: readonly StoredPart[],
  terms: CompletionTerms,
  signal: AbortSignal | undefined,
): Promise<void> {
  assertJoin(parts, terms);
  const noted = await folder.parts();
  let start = 0;
  for (const [i, { receipt, size }] of parts.entries()) {
    if (noted[i]?.receipt !== receipt || noted[i].start !== start) throw wrongUpload();
    start += size;
  }
  const file = await open(folder.data, "r+");
  const chunk = allocateChunk(CHUNK_BYTES);
  try {
    await file.truncate(terms.size);
    await file.sync();
    let crc = 0;
    for (let at = 0; at < terms.size; ) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) throw wrongUpload();
      crc = crc32(chunk.subarray(0, bytesRead), crc);
      at += bytesRead;
    }
    if (crc !== (terms.crc32 ?? joinedCrc32(parts))) throw wrongUpload();
  } finally {
    release(chunk);
    await file.close();
  }
}

async function sync(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Runs `work`, and translates its failure. */
async function written<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await work();
  } catch (error) {
    throw toWriteError(error);
  }
}

function toWriteError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ZiplinkError) return error;
  switch ((error as NodeJS.ErrnoException).code) {
    case "ENOSPC":
    case "EDQUOT":
    case "EFBIG":
      return new ZiplinkError("full", "The destination has no room left.", { cause: error });
    case "EEXIST":
    case "EISDIR":
    case "ENOTEMPTY":
      return notReplaceable(error);
    case "EROFS":
    case "EACCES":
    case "EPERM":
      return new ZiplinkError("denied", "The destination's folder may not be written to.", {
        cause: error,
      });
    default:
      return isMissing(error) ? uploadGone(error) : translate(error);
  }
}

async function assertFolder(root: string): Promise<void> {
  const stats = await stat(root).catch(() => undefined);
  if (stats?.isDirectory()) return;
  throw new ZiplinkError("denied", "The destination's folder does not exist.");
}

/** Rejects with `denied` if a symbolic link leads out of the root, before anything is created. */
async function assertInside(root: string, folder: string): Promise<void> {
  const realRoot = await realpath(root);
  for (let path = folder; ; path = dirname(path)) {
    try {
      const real = await realpath(path);
      if (real === realRoot || real.startsWith(realRoot + sep)) return;
      throw new ZiplinkError("denied", "A symbolic link leads out of the destination's folder.");
    } catch (error) {
      if (!isMissing(error) || path === root) throw error;
    }
  }
}

function assertKey(key: string): void {
  const parts = key.split("/");
  const isPath = parts.every((part) => part !== "" && part !== "." && part !== "..");
  const isOther = key.includes("\0") || (sep !== "/" && key.includes(sep));
  if (isPath && !isOther && parts[0] !== UPLOADS_FOLDER) return;
  throw new ZiplinkError("malformed", "The destination's key is no path within its folder.");
}

function toStoredObject(key: string, stats: BigIntStats): StoredObject {
  return { key, size: Number(stats.size), version: version(stats) };
}
