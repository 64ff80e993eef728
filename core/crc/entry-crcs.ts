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

/** Objects are read again in parts of this length, so that a single large one is in parallel too. */
const PART_BYTES = 16 * 1024 * 1024;

/** How many parts one download reads again at a time, within the limit for all of them. */
const WORKERS = 4;

/** An entry whose CRC-32 a download states although it does not send its first `size` bytes. */
export interface SkippedBytes {
  readonly index: number;
  readonly size: number;
}

/** A part of an entry that is to be read again. */
interface Reread {
  readonly index: number;
  readonly start: number;
  readonly end: number;
}

/**
 * The CRC-32 of each entry of one download. In the order of their cost: those that the plan states;
 * those learnt as bytes went by, in this download or another one; those that an instance left in the
 * store; and, for a download that begins behind an entry, those got by reading it again.
 */
export class EntryCrcs {
  readonly #layout: Layout;
  readonly #source: BlobSource;
  readonly #knowledge: CrcKnowledge;
  readonly #skipped: readonly SkippedBytes[];
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  /** Of this download: what the shared cache forgets must not be missed here. */
  readonly #whole: WholeCrcs;
  readonly #partial = new Map<number, CrcParts>();
  readonly #table: StoredTable;
  #rereading: Promise<void> | undefined;
  #isReread = false;
  #failure: { readonly error: unknown } | undefined;
  #waiting: { readonly index: number; readonly wake: () => void } | undefined;

  /** @param skipped what is going to be asked for without being sent, soonest first */
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

  /** Starts to get what is needed, behind the download's back. Once is enough. */
  start(): void {
    this.#rereading ??= this.#reread();
  }

  /** The CRC-32 of a whole entry; waits until it is known. */
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

  /** Takes note of bytes of an entry's object, which stand at `offset` in it. */
  update(index: number, bytes: Uint8Array, offset: number): void {
    if (this.#whole.has(index)) return;
    const { blob } = entryAt(this.#layout, index);
    const parts = this.#parts(index);
    parts.update(bytes, offset);
    const whole = parts.whole(blob.size);
    if (whole !== undefined) this.learn(index, whole);
  }

  /** Ends what goes on in the background, and leaves what was learnt in the store. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#rereading;
    await this.#table.save();
  }

  #find(index: number): number | undefined {
    const entry = entryAt(this.#layout, index);
    return knownCrc32(entry) ?? this.#whole.get(index) ?? this.#recall(index, entry);
  }

  /** What other downloads learnt. */
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

  /** Never rejects: a failure is kept for `get`, and ends the other workers. */
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

  /** The parts to read again, in the order in which they are needed. */
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

/** A CRC-32 for some of many entries, in 5 bytes each. */
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
