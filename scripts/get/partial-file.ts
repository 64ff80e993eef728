import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import * as z from "zod";
import { addInterval, countBytes, type Interval } from "./intervals.ts";

/** Identifies an archive: its bytes are the same as long as both are. */
export interface ArchiveIdentity {
  readonly etag: string;
  readonly length: number;
}

/** Bytes written between two checkpoints: at most this many are fetched again after a crash. */
const CHECKPOINT_BYTES = 16 * 1024 * 1024;

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
  );

/**
 * An incomplete download: `FILE.part`, whose bytes arrive in any order, and beside it
 * `FILE.part.json`, a checkpoint that records which bytes are there and of which archive. The
 * checkpoint does not contain the link.
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

  /** Resumes an earlier download of the same archive, or begins a new one. */
  static async open(path: string, archive: ArchiveIdentity): Promise<PartialFile> {
    const done = await readCheckpoint(path, archive);
    const file = await open(`${path}.part`, done.length > 0 ? "r+" : "w+");
    return new PartialFile(path, file, archive, done);
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
      await writeFile(temporary, JSON.stringify({ ...this.#archive, done }));
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

  /** Gives the complete download its final name. */
  async finish(): Promise<void> {
    await this.#file.datasync();
    await this.close();
    await rename(`${this.#path}.part`, this.#path);
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
  const [text, part] = await Promise.all([
    unlessMissing(readFile(`${path}.part.json`, "utf8")),
    unlessMissing(stat(`${path}.part`)),
  ]);
  if (text === undefined || part === undefined) return [];
  const { data } = checkpointSchema.safeParse(text);
  return data && data.etag === archive.etag && data.length === archive.length ? data.done : [];
}

async function unlessMissing<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
