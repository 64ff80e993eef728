import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { appendFile, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FoundUpload, StoredPart, Upload } from "../../core/delivery/blob-destination.ts";
import { uploadGone } from "../../core/delivery/joined-parts.ts";
import { isMissing } from "./errors.ts";

/**
 * Where uploads under way are, below the destination's folder: in one file system with what they
 * become, so that a link makes them visible.
 */
export const UPLOADS_FOLDER = ".ziplink-uploads";

/** What an upload's folder holds: its bytes, a line for each part, and what it is to be. */
const DATA = "data";
const PARTS = "parts";
const UPLOAD = "upload.json";

/** A part, and where it was written to. */
export interface WrittenPart extends StoredPart {
  readonly start: number;
  readonly crc32: number;
}

/** An upload's id names its folder, and the file's inode and birth, by which it is told afterwards. */
const ID = /^([0-9a-f-]{36})\.(\d+)\.(\d+)$/;

/** One upload of a destination, as files. */
export class UploadFolder {
  readonly upload: Upload;
  readonly #path: string;
  readonly #root: string;

  constructor(root: string, upload: Upload) {
    const [, folder] = ID.exec(upload.id) ?? [];
    if (folder === undefined) throw uploadGone();
    this.upload = upload;
    this.#root = join(root, UPLOADS_FOLDER);
    this.#path = join(this.#root, folder);
  }

  /** Makes the folder of a new upload. */
  static async create(root: string, key: string, mark: string): Promise<Upload> {
    const folder = crypto.randomUUID();
    const path = join(root, UPLOADS_FOLDER, folder);
    await mkdir(path, { recursive: true, mode: 0o700 });
    const file = await open(join(path, DATA), "wx", 0o644);
    try {
      const { ino, birthtimeNs } = await file.stat({ bigint: true });
      const upload = { key, id: `${folder}.${ino}.${birthtimeNs}`, mark };
      await appendFile(join(path, PARTS), "");
      await appendFile(join(path, UPLOAD), JSON.stringify(upload));
      return upload;
    } finally {
      await file.close();
    }
  }

  /** Those there are. What is not whole, as one that begins right now, is left out. */
  static async *all(root: string): AsyncGenerator<FoundUpload, void, undefined> {
    const path = join(root, UPLOADS_FOLDER);
    const names = await readdir(path).catch((error: unknown) => {
      if (isMissing(error)) return [];
      throw error;
    });
    for (const name of names) {
      try {
        const upload = JSON.parse(await readFile(join(path, name, UPLOAD), "utf8")) as Upload;
        const { birthtime } = await stat(join(path, name));
        yield { upload, begun: birthtime };
      } catch (error) {
        if (!isMissing(error) && !(error instanceof SyntaxError)) throw error;
      }
    }
  }

  /** The file with the upload's bytes. */
  get data(): string {
    return join(this.#path, DATA);
  }

  /** Notes a part whose bytes are on the disk. */
  async note(part: WrittenPart): Promise<void> {
    const line = JSON.stringify(part);
    // A line that a crash has cut does not match its digest, wherever it was cut.
    const { O_WRONLY, O_APPEND } = constants; // not created anew behind an abort
    const file = await open(join(this.#path, PARTS), O_WRONLY | O_APPEND);
    try {
      await file.write(`${digest(line)} ${line}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  /** The parts that were noted, the last one of each number, ascending. */
  async parts(): Promise<WrittenPart[]> {
    const parts = new Map<number, WrittenPart>();
    for (const line of (await readFile(join(this.#path, PARTS), "utf8")).split("\n")) {
      const json = line.slice(line.indexOf(" ") + 1);
      if (line === "" || line !== `${digest(json)} ${json}`) continue;
      const part = JSON.parse(json) as WrittenPart;
      parts.set(part.number, part);
    }
    return [...parts.values()].sort((a, b) => a.number - b.number);
  }

  /** Removes it, at once for everybody: nobody sees half of it. */
  async remove(): Promise<void> {
    const gone = join(this.#root, `gone-${crypto.randomUUID()}`);
    try {
      await rename(this.#path, gone);
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    await rm(gone, { recursive: true, force: true });
  }
}

/** Whether a file, by its inode and birth, is the one that the upload was written to. */
export function isFileOf(
  { id }: Upload,
  { ino, birthtimeNs }: { readonly ino: bigint; readonly birthtimeNs: bigint },
): boolean {
  const [, , uploadIno, uploadBirth] = ID.exec(id) ?? [];
  return String(ino) === uploadIno && String(birthtimeNs) === uploadBirth;
}

function digest(line: string): string {
  return createHash("sha256").update(line).digest("base64url").slice(0, 12);
}
