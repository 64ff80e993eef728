import { LRUCache } from "lru-cache";
import { inTurn } from "../async/abortable.ts";
import { FairQueue } from "../async/fair-queue.ts";
import { SharedWork } from "../async/shared-work.ts";
import type { BlobInfo, BlobSource, ByteRange } from "../blob-source.ts";
import { release } from "../bytes/chunks.ts";
import { crc32 } from "../bytes/crc32.ts";
import { readRange } from "../source/read-range.ts";
import { identify } from "./crc-cache.ts";

/** Parts whose checksums are kept, each of up to 16 MiB: progress that a download given up leaves to the next. */
const MAX_KEPT = 20_000;

/** A download that needs checksums of bytes it does not send. */
export interface Rereader {
  /** The source that the download reads from. */
  readonly source: BlobSource;
  /** Ends the download's wait. */
  readonly signal: AbortSignal;
}

/**
 * Reads parts of objects again for their checksums, for all downloads of a process together. However many
 * downloads need a part, it is read once; and it is given up when none of them waits for it any more.
 */
export class SharedRereads {
  /** Decides which download's part is read next. */
  readonly queue: FairQueue;
  readonly #known = new LRUCache<string, number>({ maxSize: MAX_KEPT, sizeCalculation: () => 1 });
  readonly #underWay = new Map<string, SharedWork<number>>();

  /** @param concurrency number of parts read at a time */
  constructor(concurrency: number) {
    this.queue = new FairQueue(concurrency);
  }

  /**
   * Returns the CRC-32 of a part of an object. Rejects with the error of the read, and with the reason of the
   * signal; if the read is given up by that, only once it has ended.
   */
  async crcOf(blob: BlobInfo, part: ByteRange, reader: Rereader): Promise<number> {
    reader.signal.throwIfAborted();
    const id = `${identify(blob)} ${part.start} ${part.end}`;
    const known = this.#known.get(id);
    if (known !== undefined) return known;
    const current = this.#underWay.get(id);
    const work =
      current && !current.isGivenUp
        ? current
        : new SharedWork((givenUp) => this.#read(blob, part, reader, givenUp));
    this.#underWay.set(id, work);
    try {
      const crc = await work.wait(reader.signal);
      // That of a whole object is for the download to keep.
      if (part.end - part.start < blob.size) this.#known.set(id, crc);
      return crc;
    } finally {
      if (work.isGivenUp) {
        if (this.#underWay.get(id) === work) this.#underWay.delete(id);
        await work.ended();
      }
    }
  }

  /** Forgets the parts of an object, as one of them may be wrong. */
  forget(blob: BlobInfo): void {
    const object = `${identify(blob)} `;
    for (const id of [...this.#known.keys()]) if (id.startsWith(object)) this.#known.delete(id);
  }

  /** Reads for all who wait, in the turn of the download that was first. */
  async #read(
    blob: BlobInfo,
    { start, end }: ByteRange,
    first: Rereader,
    givenUp: AbortSignal,
  ): Promise<number> {
    return await inTurn(
      (action) => this.queue.run(first, action),
      async () => {
        let crc = 0;
        for await (const chunk of readRange(first.source, blob, { start, end }, givenUp)) {
          crc = crc32(chunk, crc);
          release(chunk);
        }
        return crc;
      },
      givenUp,
    );
  }
}
