import { constants } from "node:fs";
import { type FileHandle, link, lstat, open, rename, rm, statfs, unlink } from "node:fs/promises";
import { dirname } from "node:path";
import * as z from "zod";
import { formatBytes } from "../../core/input/quantities.ts";
import { CommandError } from "../command.ts";
import { addInterval, countBytes, type Interval } from "./intervals.ts";

/** Identifies an archive: its bytes are the same as long as both are. */
export interface ArchiveIdentity {
  readonly etag: string;
  readonly length: number;
}

/** Bytes written between two checkpoints: at most this many are fetched again after a crash. */
const CHECKPOINT_BYTES = 16 * 1024 * 1024;

/** Length up to which a checkpoint is read. Ours have a few KB. */
const MAX_CHECKPOINT_BYTES = 1024 * 1024;

const checkpointSchema = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: "custom", message: "is not JSON" });
      return z.NEVER;
    }
  })
  .pipe(
    z.object({
      etag: z.string(),
      length: z.int().min(0),
      done: z.array(z.tuple([z.int().min(0), z.int().min(0)])),
    }),
  )
  .refine(({ length, done }) => done.every(([start, end]) => start < end && end <= length));

/**
 * An incomplete download: `FILE.part`, whose bytes arrive in any order, and beside it
 * `FILE.part.json`, a checkpoint that records which bytes are there and of which archive. The
 * checkpoint does not contain the link. No symbolic link is followed to either: others may be able to
 * write in the same folder.
 */
export class PartialFile {
  readonly #path: string;
  readonly #file: FileHandle;
  readonly #archive: ArchiveIdentity;
  #done: Interval[];
  #unnoted = 0;
  #noting: Promise<void> = Promise.resolve();

  /** @param file open for reading and writing; see `open` */
  constructor(path: string, file: FileHandle, archive: ArchiveIdentity, done: Interval[]) {
    this.#path = path;
    this.#file = file;
    this.#archive = archive;
    this.#done = done;
  }

  /**
   * Resumes an earlier download of the same archive, or begins a new one. Rejects with `CommandError` if
   * `path` exists, its folder cannot be written to, or the disk has no room for the rest.
   */
  static async open(path: string, archive: ArchiveIdentity): Promise<PartialFile> {
    try {
      if (await unlessMissing(lstat(path))) throw alreadyThere(path);
      const done = await readCheckpoint(path, archive);
      await assertRoom(dirname(path), archive.length - countBytes(done));
      const resumed =
        done.length > 0 ? await openRegular(`${path}.part`, constants.O_RDWR) : undefined;
      const file = resumed ?? (await createAnew(`${path}.part`));
      return new PartialFile(path, file, archive, resumed ? done : []);
    } catch (error) {
      throw error instanceof CommandError ? error : notWritable(path, error);
    }
  }

  get done(): readonly Interval[] {
    return this.#done;
  }

  get doneBytes(): number {
    return countBytes(this.#done);
  }

  async write(bytes: Uint8Array, position: number): Promise<void> {
    for (let written = 0; written < bytes.length; ) {
      const rest = bytes.subarray(written);
      written += (await this.#file.write(rest, 0, rest.length, position + written)).bytesWritten;
    }
    this.#done = addInterval(this.#done, [position, position + bytes.length]);
    this.#unnoted += bytes.length;
    if (this.#unnoted >= CHECKPOINT_BYTES) await this.checkpoint();
  }

  /** Records the bytes so far, once they are on the disk. */
  async checkpoint(): Promise<void> {
    this.#unnoted = 0;
    // One at a time: an older checkpoint must not replace a newer one.
    this.#noting = this.#noting.then(async () => {
      const done = this.#done;
      await this.#file.datasync();
      const temporary = `${this.#path}.part.json.tmp`;
      const file = await createAnew(temporary);
      try {
        await file.writeFile(JSON.stringify({ ...this.#archive, done }));
      } finally {
        await file.close();
      }
      await rename(temporary, `${this.#path}.part.json`);
    });
    await this.#noting;
  }

  /** Returns bytes `[start, end)` of the file, for the verification at the end. */
  async read(start: number, end: number): Promise<Buffer> {
    const buffer = Buffer.alloc(end - start);
    for (let at = 0; at < buffer.length; ) {
      const { bytesRead } = await this.#file.read(buffer, at, buffer.length - at, start + at);
      if (bytesRead === 0) return buffer.subarray(0, at);
      at += bytesRead;
    }
    return buffer;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  /** Gives the complete download its final name. Never replaces a file that has got it meanwhile. */
  async finish(): Promise<void> {
    await this.#file.datasync();
    await this.close();
    await renameToFree(`${this.#path}.part`, this.#path);
    await rm(`${this.#path}.part.json`, { force: true });
  }

  /** Deletes the download, as it cannot become the archive. */
  async discard(): Promise<void> {
    await this.close();
    await rm(`${this.#path}.part`, { force: true });
    await rm(`${this.#path}.part.json`, { force: true });
  }
}

/**
 * Returns the intervals already downloaded of `archive`; none without a checkpoint, or with one of
 * another archive.
 */
async function readCheckpoint(path: string, archive: ArchiveIdentity): Promise<Interval[]> {
  const file = await openRegular(`${path}.part.json`, constants.O_RDONLY);
  if (file === undefined) return [];
  try {
    if ((await file.stat()).size > MAX_CHECKPOINT_BYTES) return [];
    const { data } = checkpointSchema.safeParse(await file.readFile("utf8"));
    return data && data.etag === archive.etag && data.length === archive.length ? data.done : [];
  } finally {
    await file.close();
  }
}

/**
 * Opens the regular file with this name; `undefined` if there is none, or if it has other names too: then
 * somebody may have linked a file here that is not part of a download.
 */
async function openRegular(path: string, access: number): Promise<FileHandle | undefined> {
  const named = await unlessMissing(lstat(path));
  if (!named?.isFile()) return undefined;
  // Not if a symbolic link or a pipe takes its place now, either. Windows has neither flag.
  const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants;
  const file = await open(path, access | O_NOFOLLOW | O_NONBLOCK);
  const stats = await file.stat();
  if (stats.isFile() && stats.nlink <= 1) return file;
  await file.close();
  return undefined;
}

/** Creates a file for writing and reading, in place of an earlier one or of a link, whose target stays. */
async function createAnew(path: string): Promise<FileHandle> {
  await unlessMissing(unlink(path));
  return await open(path, "wx+");
}

async function renameToFree(from: string, to: string): Promise<void> {
  try {
    // Fails if the name is taken, unlike `rename`.
    await link(from, to);
    await unlink(from);
  } catch (error) {
    // Some file systems, such as those of memory cards, have no links.
    if (await unlessMissing(lstat(to))) throw alreadyThere(to, error);
    await rename(from, to);
  }
}

/** Throws unless the file system of `folder` has room for `bytes` more. */
async function assertRoom(folder: string, bytes: number): Promise<void> {
  const { blocks, bavail, bsize } = await statfs(folder);
  // Some network file systems state no sizes.
  if (blocks === 0 || bytes <= bavail * bsize) return;
  throw new CommandError(
    `The download needs ${formatBytes(bytes)}, but only ${formatBytes(bavail * bsize)} are free there. ` +
      "Choose a place on another disk with -o.",
  );
}

function alreadyThere(path: string, cause?: unknown): CommandError {
  return new CommandError(`${path} already exists. Choose another file with -o.`, { cause });
}

function notWritable(path: string, cause: unknown): CommandError {
  const reason = cause instanceof Error ? cause.message : "it failed";
  return new CommandError(`${path} cannot be written: ${reason}. Choose another file with -o.`, {
    cause,
  });
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
