import { Wakeup } from "../async/wakeup.ts";
import type { BlobSource } from "../blob-source.ts";
import { combineCrc32 } from "../bytes/crc32.ts";
import { ZiplinkError } from "../errors.ts";
import { knownCrc32 } from "../zip/entry-shape.ts";
import { entryAt, type Layout } from "../zip/layout.ts";
import type { CrcKnowledge } from "./crc-knowledge.ts";
import { SentSum } from "./sent-sum.ts";
import type { Rereader } from "./shared-rereads.ts";
import { StoredTable } from "./stored-table.ts";
import { joinTiles, type Tile, tilesOf } from "./tiles.ts";

/** Number of parts that one download rereads at a time, within the limit for all downloads. */
const WORKERS = 4;

/** An entry whose CRC-32 a download states although it does not send its first `size` bytes. */
export interface SkippedBytes {
  readonly index: number;
  readonly size: number;
}

/** The bytes before those that a download sends of an entry. */
interface Skipped extends SkippedBytes {
  readonly tiles: readonly Tile[];
  /** Tiles whose CRC-32 is unknown. */
  unknown: number;
}

/** A part of an entry to be reread. */
interface Reread {
  readonly skipped: Skipped;
  readonly tile: Tile;
}

/**
 * The CRC-32s of the entries of one download. Bytes that it sends are summed as they are sent, whatever is
 * known of them. Bytes that it does not send are taken, cheapest first, from the plan; from what other
 * downloads have learnt; from the store, where any instance has left it; and from rereading.
 *
 * A download shares its own sums once it has sent all that it was to send of an entry. Those of a download
 * that breaks off in the middle of an entry are dropped: nothing has confirmed these bytes, not even the
 * store's own check at the end of a read.
 */
export class EntryCrcs {
  readonly #layout: Layout;
  readonly #knowledge: CrcKnowledge;
  readonly #skipped: readonly SkippedBytes[];
  readonly #closing = new AbortController();
  readonly #reader: Rereader;
  /** This download's own copy: a checksum that the shared cache evicts must not be missing here. */
  readonly #whole: WholeCrcs;
  readonly #table: StoredTable;
  readonly #contradicted = new Set<number>();
  /** The entry in which the download begins, and its bytes that are sent, to the entry's end. */
  #sent: { readonly index: number; readonly sum: SentSum } | undefined;
  /** The bytes of that entry before those, or some of those, too. */
  #before: { readonly index: number; readonly end: number; readonly crc32: number } | undefined;
  #rereading: Promise<void> | undefined;
  #isReread = false;
  #failure: { readonly error: unknown } | undefined;
  readonly #news = new Wakeup();

  /** @param skipped bytes that are not sent but whose CRC-32 is needed, in order of need */
  constructor(
    layout: Layout,
    source: BlobSource,
    skipped: readonly SkippedBytes[],
    knowledge: CrcKnowledge,
    signal: AbortSignal,
  ) {
    this.#layout = layout;
    this.#skipped = skipped;
    this.#knowledge = knowledge;
    this.#reader = { source, signal: AbortSignal.any([signal, this.#closing.signal]) };
    this.#whole = new WholeCrcs(layout.plan.entries.length);
    this.#table = new StoredTable(layout, knowledge, (index) => this.#contradicted.add(index));
  }

  /** Starts to obtain the needed checksums in the background. Further calls do nothing. */
  start(): void {
    this.#rereading ??= this.#obtain();
  }

  /** Returns the CRC-32 of a whole entry; waits until it is known. */
  async get(index: number): Promise<number> {
    for (;;) {
      const known = this.#own(index) ?? this.#joined(index);
      if (known !== undefined) return known;
      if (this.#failure) throw this.#failure.error;
      if (this.#isReread) throw new ZiplinkError("internal", "A checksum was not foreseen.");
      const news = this.#news.wait();
      this.start();
      await news;
    }
  }

  /** Returns the sum for the bytes of an entry that are sent from `offset` on, in its object. */
  sum(index: number, offset: number): SentSum {
    const { blob } = entryAt(this.#layout, index);
    const fragments = this.#knowledge.cache.fragments(blob);
    const sum = new SentSum(
      offset,
      fragments.flatMap(({ start, end }) => [start, end]),
    );
    if (offset > 0) this.#sent = { index, sum };
    return sum;
  }

  /** Shares a sum, once all bytes of the entry that are to be sent have gone by. */
  learnSent(index: number, sum: SentSum): void {
    const { blob } = entryAt(this.#layout, index);
    if (sum.start === 0 && sum.end === blob.size) {
      this.learn(index, sum.from(0));
    } else {
      const whole = this.#knowledge.cache.add(blob, sum.segments());
      if (whole !== undefined) this.#share(index, whole);
    }
  }

  /** Records the CRC-32 of a whole entry, of its bytes as this download has seen them. */
  learn(index: number, crc32: number): void {
    this.#whole.set(index, crc32);
    this.#share(index, crc32);
  }

  /** Forgets the shared CRC-32 of an entry, which the entry's bytes do not match. One of the plan's stays. */
  reject(index: number): void {
    const entry = entryAt(this.#layout, index);
    if (knownCrc32(entry) !== undefined) return;
    const { blob } = entry;
    this.#contradicted.add(index);
    this.#knowledge.cache.delete(blob);
    this.#knowledge.rereads.forget(blob);
    this.#table.remove(index);
  }

  /** Stops the background work and saves the learnt checksums in the store. */
  async close(): Promise<void> {
    this.#closing.abort();
    await this.#rereading;
    await this.#table.save();
    if (this.#contradicted.size > 0) this.#knowledge.onContradiction(this.#contradicted.size);
  }

  #share(index: number, crc32: number): void {
    const { blob } = entryAt(this.#layout, index);
    if (this.#knowledge.cache.set(blob, crc32)) {
      this.#contradicted.add(index);
      this.#knowledge.rereads.forget(blob);
    }
    this.#table.learn(index, crc32, blob.size);
  }

  /** Returns the CRC-32 that the plan states or this download has found. */
  #own(index: number): number | undefined {
    return knownCrc32(entryAt(this.#layout, index)) ?? this.#whole.get(index);
  }

  /** Returns the CRC-32 of the entry in which the download begins, from its two parts. */
  #joined(index: number): number | undefined {
    const sum = this.#sent?.index === index ? this.#sent.sum : undefined;
    const before = this.#before?.index === index ? this.#before : undefined;
    if (!sum || !before || sum.end !== entryAt(this.#layout, index).blob.size) return undefined;
    const crc32 = combineCrc32(before.crc32, sum.from(before.end), sum.end - before.end);
    this.learn(index, crc32);
    return crc32;
  }

  /** Returns a checksum that another download has learnt, if any. */
  #recall(index: number): number | undefined {
    const { blob } = entryAt(this.#layout, index);
    const cached = this.#knowledge.cache.get(blob);
    if (cached !== undefined) this.#table.offer(index, cached, blob.size);
    const crc32 = cached ?? this.#table.get(index);
    if (crc32 !== undefined) this.#whole.set(index, crc32);
    return crc32;
  }

  /** Never rejects: a failure is kept for `get` and stops the other workers. */
  async #obtain(): Promise<void> {
    await this.#table.load();
    const rereads = this.#rereads();
    const worker = async () => {
      try {
        for (const { skipped, tile } of rereads) {
          const { blob } = entryAt(this.#layout, skipped.index);
          tile.crc32 = await this.#knowledge.rereads.crcOf(blob, tile, this.#reader);
          skipped.unknown--;
          if (skipped.unknown === 0) this.#found(skipped);
        }
      } catch (error) {
        this.#failure ??= { error };
        this.#closing.abort(error);
      }
    };
    await Promise.all(Array.from({ length: WORKERS }, worker));
    this.#isReread = true;
    this.#news.wake();
  }

  /** Yields the parts to reread, in the order in which they are needed. */
  *#rereads(): Generator<Reread, void, undefined> {
    for (const { index, size } of this.#skipped) {
      if (this.#own(index) !== undefined) continue;
      const tiles = this.#tiles(index, size);
      const unknown = tiles.filter((tile) => tile.crc32 === undefined);
      const skipped = { index, size, tiles, unknown: unknown.length };
      if (unknown.length === 0) this.#found(skipped);
      else if (this.#recall(index) === undefined) {
        for (const tile of unknown) yield { skipped, tile };
      } else this.#news.wake();
    }
  }

  /** Divides the skipped bytes of an entry into those known from other downloads and those to reread. */
  #tiles(index: number, size: number): Tile[] {
    const { blob } = entryAt(this.#layout, index);
    const sum = this.#sent?.index === index ? this.#sent.sum : undefined;
    // More than is skipped may be known only together. Bytes that are sent then count as they are known.
    const canEndAt = (offset: number) => sum?.hasCut(offset) === true && offset < blob.size;
    return tilesOf(size, this.#knowledge.cache.fragments(blob), canEndAt);
  }

  /** Takes note that all skipped bytes of an entry are known. */
  #found({ index, size, tiles }: Skipped): void {
    const crc32 = joinTiles(tiles);
    const end = tiles.at(-1)?.end ?? size;
    if (end === entryAt(this.#layout, index).blob.size) this.learn(index, crc32);
    else this.#before = { index, end, crc32 };
    this.#news.wake();
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

  get(index: number): number | undefined {
    return this.#known[index] === 1 ? this.#values[index] : undefined;
  }

  set(index: number, crc32: number): void {
    this.#values[index] = crc32;
    this.#known[index] = 1;
  }
}
