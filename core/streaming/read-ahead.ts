import { Wakeup } from "../async/wakeup.ts";
import type { BlobInfo, BlobSource, ByteRange } from "../blob-source.ts";
import { isInline } from "../source/inline-entries.ts";
import { readRange } from "../source/read-range.ts";
import type { ReadAheadPool, ReadAheadShare } from "./read-ahead-pool.ts";

/** A part of a blob that a download will need. */
export interface PlannedRead extends ByteRange {
  readonly blob: BlobInfo;
}

/**
 * The reads of one download, in order. The one that the client is waiting for is passed on as it arrives;
 * the next ones are read ahead as far as the pool has room. Nothing is opened before the first `read`.
 */
export class ReadAhead {
  readonly #source: BlobSource;
  readonly #pool: ReadAheadPool;
  readonly #upcoming: Iterator<PlannedRead, void>;
  readonly #closing = new AbortController();
  readonly #signal: AbortSignal;
  readonly #ahead: ReadPart[] = [];
  readonly #underWay = new Set<Promise<void>>();
  #share: ReadAheadShare | undefined;
  #next: PlannedRead | undefined;

  /** @param reads all reads, in order; `read` must be called for each of them, with the same range */
  constructor(
    source: BlobSource,
    reads: Iterable<PlannedRead>,
    pool: ReadAheadPool,
    signal: AbortSignal,
  ) {
    this.#source = source;
    this.#pool = pool;
    this.#upcoming = inParts(reads, pool.partBytes);
    this.#signal = AbortSignal.any([signal, this.#closing.signal]);
  }

  /** Yields the next planned read, which must be bytes `[start, end)` of `blob`. */
  async *read(
    blob: BlobInfo,
    { start, end }: ByteRange,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for (let position = start; position < end; ) {
      const part = this.#ahead.shift();
      const planned = part?.planned ?? this.#takeNext();
      if (planned?.blob !== blob || planned.start !== position) {
        throw new RangeError("this read is not the next one planned");
      }
      const chunks = part ? part.drain() : readRange(this.#source, blob, planned, this.#signal);
      for await (const chunk of chunks) {
        yield chunk;
        this.#fill();
      }
      position = planned.end;
    }
  }

  /** Stops all reads and waits until they have released their resources. */
  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.#underWay);
    this.#share?.leave();
  }

  /** Starts reads for as long as there is room. */
  #fill(): void {
    this.#share ??= this.#pool.join();
    for (;;) {
      this.#next ??= this.#upcoming.next().value ?? undefined;
      if (!this.#next || !this.#share.tryTake(this.#next.end - this.#next.start)) return;
      const part = new ReadPart(this.#next, this.#share);
      this.#next = undefined;
      this.#ahead.push(part);
      const reading = part.run(this.#source, this.#signal);
      this.#underWay.add(reading);
      void reading.then(() => this.#underWay.delete(reading));
    }
  }

  #takeNext(): PlannedRead | undefined {
    const next = this.#next ?? this.#upcoming.next().value ?? undefined;
    this.#next = undefined;
    return next;
  }
}

/** A read ahead: buffers its chunks until it is drained. */
class ReadPart {
  readonly planned: PlannedRead;
  readonly #share: ReadAheadShare;
  readonly #chunks: Uint8Array[] = [];
  readonly #news = new Wakeup();
  #ended = false;
  #failure: { readonly error: unknown } | undefined;

  constructor(planned: PlannedRead, share: ReadAheadShare) {
    this.planned = planned;
    this.#share = share;
  }

  /** Reads the whole part. Never rejects: `drain` reports a failure. */
  async run(source: BlobSource, signal: AbortSignal): Promise<void> {
    const { blob, start, end } = this.planned;
    try {
      for await (const chunk of readRange(source, blob, { start, end }, signal)) {
        this.#chunks.push(chunk);
        this.#news.wake();
      }
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#ended = true;
      this.#news.wake();
    }
  }

  /** Yields the part's chunks as they arrive. */
  async *drain(): AsyncGenerator<Uint8Array, void, undefined> {
    let left = this.planned.end - this.planned.start;
    try {
      for (;;) {
        const chunk = this.#chunks.shift();
        if (chunk) {
          left -= chunk.length;
          this.#share.released(chunk.length);
          yield chunk;
        } else if (this.#failure) {
          throw this.#failure.error;
        } else if (this.#ended) {
          return;
        } else {
          await this.#news.wait();
        }
      }
    } finally {
      this.#share.ended(left);
    }
  }
}

/** Splits reads into parts of at most `partBytes`, except those of inline blobs, which have a single reader. */
function* inParts(
  reads: Iterable<PlannedRead>,
  partBytes: number,
): Generator<PlannedRead, void, undefined> {
  for (const { blob, start, end } of reads) {
    const length = isInline(blob) ? Infinity : partBytes;
    for (let at = start; at < end; at += length) {
      yield { blob, start: at, end: Math.min(at + length, end) };
    }
  }
}
