import { inTurn } from "../async/abortable.ts";
import type { BlobSource } from "../blob-source.ts";
import { release } from "../bytes/chunks.ts";
import { ZiplinkError } from "../errors.ts";
import { readRange } from "../source/read-range.ts";
import { knownCrc32 } from "../zip/entry-shape.ts";
import { entryAt, type Layout } from "../zip/layout.ts";
import type { PlanEntry } from "../zip/plan.ts";
import type { CrcKnowledge } from "./crc-knowledge.ts";
import type { CrcParts } from "./crc-parts.ts";
import { StoredTable } from "./stored-table.ts";

/** Objects are reread in parts of this length, so that even a single large one is read in parallel. */
const PART_BYTES = 16 * 1024 * 1024;

/** Number of parts that one download rereads at a time, within the limit for all downloads. */
const WORKERS = 4;

/** An entry whose CRC-32 a download states although it does not send its first `size` bytes. */
export interface SkippedBytes {
  readonly index: number;
  readonly size: number;
}

/** A part of an entry to be reread. */
interface Reread {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The CRC-32s of the entries of one download. Their sources, cheapest first: stated by the plan; learnt from
 * bytes sent, in this download or another; loaded from the store, where any instance has left them; and, for
 * a download that begins after the start of an entry, obtained by rereading the entry.
 */
export class EntryCrcs {
  readonly #layout: Layout;
  readonly #source: BlobSource;
  readonly #knowledge: CrcKnowledge;
  readonly #skipped: readonly SkippedBytes[];
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  /** This download's own copy: a checksum that the shared cache evicts must not be missing here. */
  readonly #whole: WholeCrcs;
  readonly #partial = new Map<number, CrcParts>();
  readonly #table: StoredTable;
  #rereading: Promise<void> | undefined;
  #isReread = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: { readonly index: number; readonly wake: () => void } | undefined;

  /** @param skipped bytes that are not sent but whose CRC-32 is needed, in order of need */
  constructor(
    layout: Layout,
    source: BlobSource,
    skipped: readonly SkippedBytes[],
    knowledge: CrcKnowledge,
    signal: AbortSignal,
  ) {
    this.#layout = layout;
    this.#source = source;
    this.#skipped = skipped;
    this.#knowledge = knowledge;
    this.#signal = AbortSignal.any([signal, this.#closing.signal]);
    this.#whole = new WholeCrcs(layout.plan.entries.length);
    this.#table = new StoredTable(layout, knowledge);
  }

  /** Starts to obtain the needed checksums in the background. Further calls do nothing. */
  start(): void {
    this.#rereading ??= this.#reread();
  }

  /** Returns the CRC-32 of a whole entry; waits until it is known. */
  async get(index: number): Promise<number> {
    for (;;) {
      const known = this.#find(index);
      if (known !== undefined) return known;
      if (this.#failure) throw this.#failure.error;
      this.start();
      if (this.#isReread) throw new ZiplinkError("internal", "A checksum was not foreseen.");
      await new Promise<void>((wake) => {
        this.#waiting = { index, wake };
      });
      this.#waiting = undefined;
    }
  }

  /** Records the CRC-32 of a whole entry. */
  learn(index: number, crc32: number): void {
    const { blob } = entryAt(this.#layout, index);
    this.#whole.set(index, crc32);
    this.#partial.delete(index);
    this.#knowledge.cache.set(blob, crc32);
    this.#table.learn(index, crc32, blob.size);
    if (this.#waiting?.index === index) this.#waiting.wake();
  }

  /** Adds bytes of an entry's object, which are at `offset` in it. */
  update(index: number, bytes: Uint8Array, offset: number): void {
    if (this.#whole.has(index)) return;
    const { blob } = entryAt(this.#layout, index);
    const parts = this.#parts(index);
    parts.update(bytes, offset);
    const whole = parts.whole(blob.size);
    if (whole !== undefined) this.learn(index, whole);
  }

  /** Stops the background work and saves the learnt checksums in the store. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#rereading;
    await this.#table.save();
  }

  #find(index: number): number | undefined {
    const entry = entryAt(this.#layout, index);
    return knownCrc32(entry) ?? this.#whole.get(index) ?? this.#recall(index, entry);
  }

  /** Returns a checksum that another download has learnt, if any. */
  #recall(index: number, { blob }: PlanEntry): number | undefined {
    const crc32 = this.#knowledge.cache.get(blob) ?? this.#table.get(index);
    if (crc32 !== undefined) this.learn(index, crc32);
    return crc32;
  }

  #parts(index: number): CrcParts {
    const parts =
      this.#partial.get(index) ?? this.#knowledge.cache.parts(entryAt(this.#layout, index).blob);
    this.#partial.set(index, parts);
    return parts;
  }

  /** Never rejects: a failure is kept for `get` and stops the other workers. */
  async #reread(): Promise<void> {
    await this.#table.load();
    const rereads = this.#rereads();
    const worker = async () => {
      try {
        for (const reread of rereads) {
          await inTurn(this.#knowledge.limit, () => this.#readAgain(reread), this.#signal);
        }
      } catch (error) {
        this.#fail(error);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
    this.#isReread = true;
    this.#waiting?.wake();
  }

  #fail(error: unknown): void {
    this.#failure ??= { error };
    this.#closing.abort(error);
    this.#waiting?.wake();
  }

  /** Yields the parts to reread, in the order in which they are needed. */
  *#rereads(): Generator<Reread, void, undefined> {
    for (const { index, size } of this.#skipped) {
      if (this.#find(index) !== undefined) continue;
      for (const gap of this.#parts(index).gaps(size)) {
        for (let { start } = gap; start < gap.end; start += PART_BYTES) {
          yield { index, start, end: Math.min(start + PART_BYTES, gap.end) };
        }
      }
    }
  }

  async #readAgain({ index, start, end }: Reread): Promise<void> {
    const { blob } = entryAt(this.#layout, index);
    let offset = start;
    for await (const chunk of readRange(this.#source, blob, { start, end }, this.#signal)) {
      this.update(index, chunk, offset);
      offset += chunk.length;
      release(chunk);
    }
  }
}

/** The CRC-32s of some of an archive's entries; takes 5 bytes per entry. */
class WholeCrcs {
  readonly #values: Uint32Array;
  readonly #known: Uint8Array;

  constructor(count: number) {
    this.#values = new Uint32Array(count);
    this.#known = new Uint8Array(count);
  }

  has(index: number): boolean {
    return this.#known[index] === 1;
  }

  get(index: number): number | undefined {
    return this.has(index) ? this.#values[index] : undefined;
  }

  set(index: number, crc32: number): void {
    this.#values[index] = crc32;
    this.#known[index] = 1;
  }
}
