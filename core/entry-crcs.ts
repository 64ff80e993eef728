import type { BlobSource, ByteRange } from "./blob-source.ts";
import { readRange } from "./read-range.ts";
import { crc32 } from "./zip/crc32.ts";
import { knownCrc32 } from "./zip/entry-shape.ts";
import type { Layout } from "./zip/layout.ts";

/**
 * The CRC-32 of each entry of one download: those that the plan states, those learnt as bytes went
 * by, and, for the tail of a download that began behind an entry, those got by reading it again.
 */
export class EntryCrcs {
  readonly #layout: Layout;
  readonly #source: BlobSource;
  readonly #signal: AbortSignal;
  readonly #values: Uint32Array;
  readonly #learnt: Uint8Array;

  constructor(layout: Layout, source: BlobSource, signal: AbortSignal) {
    this.#layout = layout;
    this.#source = source;
    this.#signal = signal;
    this.#values = new Uint32Array(layout.plan.entries.length);
    this.#learnt = new Uint8Array(layout.plan.entries.length);
  }

  /** Records the CRC-32 of a whole entry. */
  learn(index: number, value: number): void {
    this.#values[index] = value;
    this.#learnt[index] = 1;
  }

  /** The CRC-32 of a whole entry; reads its blob if nothing better is known. */
  async get(index: number): Promise<number> {
    const entry = this.#layout.plan.entries[index];
    if (entry === undefined) throw new RangeError(`no entry ${index}`);
    const known = knownCrc32(entry);
    if (known !== undefined) return known;
    if (this.#learnt[index] === 0) {
      this.learn(index, await this.ofRange(index, { start: 0, end: entry.blob.size }));
    }
    return this.#values[index] ?? 0;
  }

  /** The CRC-32 of a part of an entry's data, read for it. */
  async ofRange(index: number, range: ByteRange): Promise<number> {
    const entry = this.#layout.plan.entries[index];
    if (entry === undefined) throw new RangeError(`no entry ${index}`);
    let value = 0;
    for await (const chunk of readRange(this.#source, entry.blob, range, this.#signal)) {
      value = crc32(chunk, value);
    }
    return value;
  }
}
