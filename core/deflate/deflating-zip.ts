import type { Readable } from "node:stream";
import ZipStream from "zip-stream";
import { ZiplinkError } from "../errors.ts";
import type { PlanEntry } from "../zip/plan.ts";
import { encodeTimestampExtra } from "../zip/records.ts";
import { toDosDateTime } from "../zip/time.ts";

/** How an entry's data is written into the archive. */
export type Packing =
  /** Method 8, compressed. */
  | "deflated"
  /** Method 8 in stored blocks (RFC 1951, 3.2.4): not compressed, but readable by streaming readers. */
  | "framed"
  /** Method 0; the header states CRC-32 and size, so the data must be a buffer. */
  | "stored";

type EntryHeader = Parameters<ZipStream["_normalizeEntry"]>[0];

/** The default level of the `zip` program. */
const LEVEL = 6;

/**
 * zip-stream with guards. It must never see a source fail, as it would then finish the entry with the
 * checksum of the bytes received so far. Instead, the code that feeds it must destroy it, and it destroys
 * its current source. Names and times are written as by our own writer.
 */
export class DeflatingZip extends ZipStream {
  readonly #zlib: { level: number };
  #entry: PlanEntry | undefined;
  #source: Readable | undefined;
  #deflating: ReturnType<ZipStream["_smartStream"]> | undefined;
  /** The fields of the central header being written. */
  #fields: Buffer[] | undefined;
  /** Rejects the wait in progress, which nothing else would end any more. */
  #abandon: (error: Error) => void = () => undefined;

  constructor() {
    // zip-stream reads these options anew for each entry. `memLevel` is not raised: blocks would become too
    // long for zlib to store them uncompressed, and data that does not shrink would grow more than necessary.
    const zlib = { level: LEVEL, chunkSize: 64 * 1024 };
    super({ zlib });
    this.#zlib = zlib;
  }

  /**
   * Writes an entry, then waits until its data is written and there is room for more. Rejects once this
   * stream is destroyed.
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

  /** Sets what zip-stream has no options for: the UTF-8 flag for every name, and the time in UTC. */
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

  /**
   * zip-stream writes the whole central directory at once, field by field. Joining the fields of each header
   * keeps the memory for that small.
   */
  override _writeCentralFileHeader(header: EntryHeader): void {
    const fields: Buffer[] = [];
    this.#fields = fields;
    super._writeCentralFileHeader(header);
    this.#fields = undefined;
    this.write(Buffer.concat(fields));
  }

  /** zip-stream and its pipes call this with a chunk only. */
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
