import type { BlobInfo, BlobSource, ByteRange } from "../blob-source.ts";
import { isInline } from "../source/inline-entries.ts";
import { readRange } from "../source/read-range.ts";
import type { ReadAheadPool, ReadAheadShare } from "./read-ahead-pool.ts";

/** A part of a blob that a download is going to need. */
export interface PlannedRead extends ByteRange {
  readonly blob: BlobInfo;
}

/**
 * The reads of one download, in their order: what the client waits for, as it comes, and behind it as
 * many of the next ones as there is room for. Nothing is opened before the first `read`.
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

  /** @param reads all that will be read, in order; each is asked for by `read` just so */
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

  /** The next planned read, whose bytes are `[start, end)` of `blob`. */
  async *read(
    blob: BlobInfo,
    { start, end }: ByteRange,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    for (let position = start; position < end; ) {
      const part = this.#ahead.shift();
      const planned = part?.planned ?? this.#takeNext();
      if (planned?.blob !== blob || planned.start !== position) {
        throw new RangeError("a read was not foreseen");
      }
      const chunks = part ? part.drain() : readRange(this.#source, blob, planned, this.#signal);
      for await (const chunk of chunks) {
        yield chunk;
        this.#fill();
      }
      position = planned.end;
    }
  }

  /** Ends all reads, and waits until they have let go of what they held. */
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

/** A read that runs ahead: what it brings is held until it is drained. */
class ReadPart {
  readonly planned: PlannedRead;
  readonly #share: ReadAheadShare;
  readonly #chunks: Uint8Array[] = [];
  #ended = false;
  #failure: { readonly error: unknown } | undefined;
  #wake: () => void = () => undefined;

  constructor(planned: PlannedRead, share: ReadAheadShare) {
    this.planned = planned;
    this.#share = share;
  }

  /** Reads all of it. Never rejects: a failure comes out where the part is drained. */
  async run(source: BlobSource, signal: AbortSignal): Promise<void> {
    const { blob, start, end } = this.planned;
    try {
      for await (const chunk of readRange(source, blob, { start, end }, signal)) {
        this.#chunks.push(chunk);
        this.#wake();
      }
    } catch (error) {
      this.#failure = { error };
    } finally {
      this.#ended = true;
      this.#wake();
    }
  }

  /** Its chunks, as they come. */
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
          await new Promise<void>((wake) => {
            this.#wake = wake;
          });
        }
      }
    } finally {
      this.#share.ended(left);
    }
  }
}

/** The same reads, none longer than `partBytes` but of what was given, which one reader reads. */
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
