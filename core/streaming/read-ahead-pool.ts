import { CHUNK_BYTES } from "../bytes/chunks.ts";

/** Limits for reading ahead of the clients, for all downloads of a process together. */
export interface ReadAheadLimits {
  /** Reads ahead, of objects or their parts: in progress or buffered. Default 32. */
  readonly maxOpen?: number;
  /** Bytes buffered or still to arrive. Default 32 MiB. */
  readonly maxBytes?: number;
  /**
   * An object larger than this is read in parts of this length, in parallel as far as the other limits
   * allow. In bytes, above 0. Default 8 MiB, or a quarter of `maxBytes` if that is less and still worth a
   * request. Use `Infinity` for a store that a single reader saturates, such as a disk.
   */
  readonly partBytes?: number;
}

const DEFAULT_PART_BYTES = 8 * 1024 * 1024;

/**
 * Room for reading ahead, shared by all downloads of a process. Each download may use its equal share at the
 * time, or room for one read if that is more. The read that a client is waiting for needs no room, so a
 * download makes progress even if the others have used up everything.
 */
export class ReadAheadPool {
  /** As in `ReadAheadLimits`. */
  readonly partBytes: number;
  readonly #maxOpen: number;
  readonly #maxBytes: number;
  readonly #shares = new Set<ReadAheadShare>();

  /** Throws a `RangeError` if `partBytes` is not above 0: no object would ever be read to its end. */
  constructor({ maxOpen = 32, maxBytes = 32 * 1024 * 1024, partBytes }: ReadAheadLimits = {}) {
    this.#maxOpen = maxOpen;
    this.#maxBytes = maxBytes;
    this.partBytes = partBytes ?? defaultPartBytes(maxBytes);
    if (!(this.partBytes > 0)) {
      throw new RangeError(`partBytes must be above 0, not ${this.partBytes}`);
    }
  }

  /** Adds a download and returns its share. The download must call `leave` when it is done. */
  join(): ReadAheadShare {
    const share: ReadAheadShare = new ReadAheadShare(
      (bytes) => this.#fits(share, bytes),
      () => {
        this.#shares.delete(share);
      },
    );
    this.#shares.add(share);
    return share;
  }

  #fits(share: ReadAheadShare, bytes: number): boolean {
    let reads = 1;
    let held = bytes;
    for (const one of this.#shares) {
      reads += one.reads;
      held += one.bytes;
    }
    const count = this.#shares.size;
    return (
      reads <= this.#maxOpen &&
      held <= this.#maxBytes &&
      share.reads + 1 <= Math.ceil(this.#maxOpen / count) &&
      (share.reads === 0 || share.bytes + bytes <= this.#maxBytes / count)
    );
  }
}

/** A part that is too long never fits and is never read ahead; a short one is not worth its request. */
function defaultPartBytes(maxBytes: number): number {
  if (maxBytes < CHUNK_BYTES) return DEFAULT_PART_BYTES; // nothing is read ahead then, however short
  return Math.min(DEFAULT_PART_BYTES, Math.max(CHUNK_BYTES, Math.ceil(maxBytes / 4)));
}

/** One download's part of the room. */
export class ReadAheadShare {
  readonly #fits: (bytes: number) => boolean;
  readonly #leave: () => void;
  #reads = 0;
  #bytes = 0;

  constructor(fits: (bytes: number) => boolean, leave: () => void) {
    this.#fits = fits;
    this.#leave = leave;
  }

  /** Number of reads ahead. */
  get reads(): number {
    return this.#reads;
  }

  /** Number of bytes buffered or still to arrive. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Reserves room for a read of `bytes`; returns whether there was room. */
  tryTake(bytes: number): boolean {
    if (!this.#fits(bytes)) return false;
    this.#reads++;
    this.#bytes += bytes;
    return true;
  }

  /** Gives back room for bytes that were passed on. */
  released(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** Gives back the room of a read that ended or was given up, with `bytes` not passed on. */
  ended(bytes: number): void {
    this.#reads--;
    this.#bytes -= bytes;
  }

  /** Removes the download from the pool. */
  leave(): void {
    this.#leave();
  }
}
