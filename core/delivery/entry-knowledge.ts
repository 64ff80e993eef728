import * as z from "zod/mini";
import { abortable } from "../async/abortable.ts";
import type { BlobSource, ByteRange } from "../blob-source.ts";
import { release } from "../bytes/chunks.ts";
import { type CrcFragment, CrcParts } from "../crc/crc-parts.ts";
import { readRange } from "../source/read-range.ts";
import { storeError } from "../source/store-errors.ts";
import { knownCrc32 } from "../zip/entry-shape.ts";
import { entryAt, type Layout } from "../zip/layout.ts";

/** `[index, start, end, crc32]`, for each fragment of an entry's CRC-32. */
const recordSchema = z.array(
  z.tuple([z.int(), z.int(), z.int(), z.int().check(z.minimum(0), z.maximum(0xffffffff))]),
);

/**
 * The CRC-32s of an archive's entries while its parts are made: learnt from the bytes that go by, from
 * records, or by reading again what only earlier processes have seen.
 */
export class EntryKnowledge {
  readonly #layout: Layout;
  readonly #source: BlobSource;
  readonly #partial = new Map<number, CrcParts>();
  readonly #whole = new Map<number, number>();
  readonly #waiting = new Map<number, PromiseWithResolvers<number>>();
  /** Ranges of entries that no part will bring. */
  readonly #missing = new Map<number, ByteRange[]>();
  readonly #rereading = new Map<number, Promise<void>>();
  #rereadBytes = 0;

  constructor(layout: Layout, source: BlobSource) {
    this.#layout = layout;
    this.#source = source;
  }

  /** How many bytes have been read again. */
  get rereadBytes(): number {
    return this.#rereadBytes;
  }

  /** Takes note of bytes of an entry, which are at `offset` in it. */
  update(index: number, bytes: Uint8Array, offset: number): void {
    if (this.#whole.has(index)) return;
    const parts = this.#parts(index);
    parts.update(bytes, offset);
    this.#learn(index, parts);
  }

  /** Takes note of the CRC-32 of some bytes of an entry. */
  add(index: number, fragment: CrcFragment): void {
    if (this.#whole.has(index)) return;
    const parts = this.#parts(index);
    parts.add(fragment);
    this.#learn(index, parts);
  }

  /** Declares that no part will bring these bytes of an entry. */
  miss(index: number, range: ByteRange): void {
    const missing = this.#missing.get(index);
    if (missing) missing.push(range);
    else this.#missing.set(index, [range]);
  }

  /**
   * Returns the CRC-32 of a whole entry: at once if it is known, and otherwise when its last byte has
   * been seen. Rejects with what reading again rejects with.
   */
  async get(index: number, signal: AbortSignal): Promise<number> {
    const known = this.#known(index);
    if (known !== undefined) return known;
    signal.throwIfAborted();
    const waiting = this.#waiting.get(index) ?? Promise.withResolvers<number>();
    this.#waiting.set(index, waiting);
    if (this.#missing.has(index) && !this.#rereading.has(index)) {
      const rereading = this.#reread(index, signal);
      this.#rereading.set(index, rereading);
      rereading.catch((error: unknown) => waiting.reject(error));
      waiting.promise.catch(() => undefined); // reported where it is awaited
    }
    return abortable(waiting.promise, signal);
  }

  /** Returns all that is known and not stated by the plan, as JSON for `restore`. */
  record(): unknown {
    const fragments: [number, number, number, number][] = [];
    for (const [index, crc] of this.#whole) {
      fragments.push([index, 0, entryAt(this.#layout, index).blob.size, crc]);
    }
    for (const [index, parts] of this.#partial) {
      for (const { start, end, crc32 } of parts.fragments()) {
        fragments.push([index, start, end, crc32]);
      }
    }
    return fragments;
  }

  /** Takes over what `record` returned. What cannot be read is left out: it is learnt again. */
  restore(record: unknown): void {
    const parsed = z.safeParse(recordSchema, record);
    if (!parsed.success) return;
    const { entries } = this.#layout.plan;
    for (const [index, start, end, crc32] of parsed.data) {
      const size = entries[index]?.blob.size ?? -1;
      if (start >= 0 && end <= size) this.add(index, { start, end, crc32 });
    }
  }

  #known(index: number): number | undefined {
    return knownCrc32(entryAt(this.#layout, index)) ?? this.#whole.get(index);
  }

  #parts(index: number): CrcParts {
    const parts = this.#partial.get(index) ?? new CrcParts();
    this.#partial.set(index, parts);
    return parts;
  }

  #learn(index: number, parts: CrcParts): void {
    const entry = entryAt(this.#layout, index);
    const crc = parts.whole(entry.blob.size);
    if (crc === undefined) return;
    const stated = knownCrc32(entry);
    if (stated !== undefined && stated !== crc) throw storeError("wrong_checksum");
    this.#whole.set(index, crc);
    this.#partial.delete(index);
    this.#waiting.get(index)?.resolve(crc);
  }

  async #reread(index: number, signal: AbortSignal): Promise<void> {
    const { blob } = entryAt(this.#layout, index);
    for (const range of this.#missing.get(index) ?? []) {
      for (const gap of this.#gaps(index, range)) {
        let offset = gap.start;
        for await (const chunk of readRange(this.#source, blob, gap, signal)) {
          this.update(index, chunk, offset);
          offset += chunk.length;
          this.#rereadBytes += chunk.length;
          release(chunk);
        }
      }
    }
  }

  /** Returns the unknown parts of a range of an entry. */
  #gaps(index: number, { start, end }: ByteRange): ByteRange[] {
    if (this.#whole.has(index)) return [];
    return this.#parts(index)
      .gaps(end)
      .filter((gap) => gap.end > start)
      .map((gap) => ({ start: Math.max(gap.start, start), end: gap.end }));
  }
}
