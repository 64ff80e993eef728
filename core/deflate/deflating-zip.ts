import type { Readable } from "node:stream";
import ZipStream from "zip-stream";
import { ZiplinkError } from "../errors.ts";
import type { PlanEntry } from "../zip/plan.ts";
import { encodeTimestampExtra } from "../zip/records.ts";
import { toDosDateTime } from "../zip/time.ts";

/** How an entry's data stands in the archive. */
export type Packing =
  /** Method 8, compressed. */
  | "deflated"
  /** Method 8, but in stored blocks (RFC 1951, 3.2.4): as it is, and readable from a pipe. */
  | "framed"
  /** Method 0; its header states the CRC-32 and size, so it takes a buffer. */
  | "stored";

type EntryHeader = Parameters<ZipStream["_normalizeEntry"]>[0];

/** As `zip` compresses by default. */
const LEVEL = 6;

/**
 * zip-stream behind guards. It never gets to see a source fail, as it would then close the entry with
 * the checksum of what came of it: whoever feeds it destroys it, and it destroys what it was fed with.
 * Names and times are those of our own writer.
 */
export class DeflatingZip extends ZipStream {
  readonly #zlib: { level: number };
  #entry: PlanEntry | undefined;
  #source: Readable | undefined;
  #deflating: ReturnType<ZipStream["_smartStream"]> | undefined;
  /** The fields of the central header that is being made. */
  #fields: Buffer[] | undefined;
  /** Ends the wait that is under way, as nothing is going to happen any more. */
  #abandon: (error: Error) => void = () => undefined;

  constructor() {
    // zip-stream reads these options anew for each entry. Not more memory (`memLevel`): blocks are then
    // too long for zlib to keep them as they are, and what does not shrink grows by more than it need.
    const zlib = { level: LEVEL, chunkSize: 64 * 1024 };
    super({ zlib });
    this.#zlib = zlib;
  }

  /**
   * Writes an entry and waits until its data is through, and there is room for more. Rejects once
   * this is destroyed.
   */
  async append(entry: PlanEntry, source: Readable | Buffer, packing: Packing): Promise<void> {
    if (this.destroyed) throw failed("given up");
    this.#entry = entry;
    this.#source = source instanceof Uint8Array ? undefined : source;
    this.#zlib.level = packing === "framed" ? 0 : LEVEL;
    const { name } = entry;
    const mode = name.endsWith("/") ? 0o755 : 0o644;
    const data = { name, date: entry.blob.modified, mode, store: packing === "stored" };
    await new Promise<void>((resolve, reject) => {
      this.#abandon = reject;
      this.entry(source, data, (cause) => (cause ? reject(failed(cause)) : resolve()));
    });
    if (!this.writableNeedDrain) return;
    await new Promise<void>((resolve, reject) => {
      this.#abandon = reject;
      this.once("drain", resolve);
    });
  }

  /** What zip-stream has no option for: UTF-8 said of every name, and the time in UTC. */
  override _normalizeEntry(header: EntryHeader): void {
    super._normalizeEntry(header);
    const entry = this.#entry;
    if (header.getName() !== entry?.name) throw failed("zip-stream would alter the name");
    const { modified } = entry.blob;
    const { date, time } = toDosDateTime(modified);
    header.getGeneralPurposeBit().useUTF8ForNames(true);
    header.time = date * 0x10000 + time;
    header.setExtra(Buffer.from(encodeTimestampExtra(modified)));
  }

  /** zip-stream writes the central directory at once, a field at a time: joined, it takes little memory. */
  override _writeCentralFileHeader(header: EntryHeader): void {
    const fields: Buffer[] = [];
    this.#fields = fields;
    super._writeCentralFileHeader(header);
    this.#fields = undefined;
    this.write(Buffer.concat(fields));
  }

  /** As zip-stream and its pipes call it: with a chunk alone. */
  override write(chunk: Buffer | string): boolean {
    if (!this.#fields) return super.write(chunk);
    this.#fields.push(Buffer.from(chunk));
    return true;
  }

  override _smartStream(...args: Parameters<ZipStream["_smartStream"]>) {
    this.#deflating = super._smartStream(...args);
    return this.#deflating;
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#source?.destroy();
    this.#deflating?.destroy();
    this.#abandon(error ?? failed("given up"));
    super._destroy(error, done);
  }
}

function failed(cause: unknown): ZiplinkError {
  return new ZiplinkError("internal", "The archive could not be compressed.", { cause });
}
