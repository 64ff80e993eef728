import { createHash } from "node:crypto";
import { constants } from "node:fs";
import { appendFile, mkdir, open, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import type { FoundUpload, StoredPart, Upload } from "../../core/delivery/blob-destination.ts";
import { uploadGone } from "../../core/delivery/joined-parts.ts";
import { isMissing } from "./errors.ts";

/**
 * The folder of uploads in progress, below the destination's folder: in the same file system, so
 * that a link can publish them.
 */
export const UPLOADS_FOLDER = ".ziplink-uploads";

/** The files of an upload: its bytes, one line per part, and its description. */
const DATA = "data";
const PARTS = "parts";
const UPLOAD = "upload.json";

/** A part, with its position and checksum. */
export interface WrittenPart extends StoredPart {
  readonly start: number;
  readonly crc32: number;
}

/**
 * An upload's id: the name of its folder, and the inode and birth time of its file, which identify
 * the file later.
 */
const ID = /^([0-9a-f-]{36})\.(\d+)\.(\d+)$/;

/** An upload of a destination, as a folder of files. */
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

  /** Creates the folder of a new upload. */
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

  /** Yields all uploads, except incomplete ones, such as those that are just being created. */
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

  /** The path of the file with the upload's bytes. */
  get data(): string {
    return join(this.#path, DATA);
  }

  /** Records a part whose bytes are on the disk. */
  async note(part: WrittenPart): Promise<void> {
    const line = JSON.stringify(part);
    // If a crash truncates the line, it does not match its digest.
    const { O_WRONLY, O_APPEND } = constants; // not recreated after an abort
    const file = await open(join(this.#path, PARTS), O_WRONLY | O_APPEND);
    try {
      await file.write(`${digest(line)} ${line}\n`);
      await file.datasync();
    } finally {
      await file.close();
    }
  }

  /** Returns the recorded parts in ascending order, with the last record of each number. */
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

  /** Removes the upload atomically, so that nobody sees half of it. */
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

/** Whether a file is the upload's own, by its inode and birth time. */
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
