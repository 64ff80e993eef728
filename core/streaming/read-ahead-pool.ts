import { CHUNK_BYTES } from "../bytes/chunks.ts";

/** What the downloads of a process may have open and hold, ahead of what their clients have read. */
export interface ReadAheadLimits {
  /** Objects, or parts of them, that are read ahead: on their way or waiting. Default 32. */
  readonly maxOpen?: number;
  /** Bytes that are held or on their way. Default 32 MiB. */
  readonly maxBytes?: number;
  /**
   * A larger object is read as parts of this length, in parallel as far as the other limits let it.
   * Above 0. Default 8 MiB, or a quarter of `maxBytes` if that is less and still worth a request;
   * `Infinity` for a store that one reader uses up, such as a disk.
   */
  readonly partBytes?: number;
}

const DEFAULT_PART_BYTES = 8 * 1024 * 1024;

/**
 * The room for reading ahead, shared by all downloads of a process: each may use as much as is its
 * equal share at the time, or a single read if that is more. What a client is waiting for needs no room here, so a download goes on
 * even where others have used everything up.
 */
export class ReadAheadPool {
  /** As in `ReadAheadLimits`. */
  readonly partBytes: number;
  readonly #maxOpen: number;
  readonly #maxBytes: number;
  readonly #shares = new Set<ReadAheadShare>();

  /** Throws a `RangeError` for parts without bytes: no object would ever be read to its end. */
  constructor({ maxOpen = 32, maxBytes = 32 * 1024 * 1024, partBytes }: ReadAheadLimits = {}) {
    this.#maxOpen = maxOpen;
    this.#maxBytes = maxBytes;
    this.partBytes = partBytes ?? defaultPartBytes(maxBytes);
    if (!(this.partBytes > 0)) throw new RangeError("partBytes must be above 0");
  }

  /** A download begins to read. It must `leave`. */
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

/** A part that never fits would never be read ahead, and a short one is not worth its request. */
function defaultPartBytes(maxBytes: number): number {
  if (maxBytes < CHUNK_BYTES) return DEFAULT_PART_BYTES; // no part is read ahead, however short
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

  /** How many reads are ahead. */
  get reads(): number {
    return this.#reads;
  }

  /** How many bytes are held or on their way. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes room for a read of `bytes`, if there is any. */
  tryTake(bytes: number): boolean {
    if (!this.#fits(bytes)) return false;
    this.#reads++;
    this.#bytes += bytes;
    return true;
  }

  /** Bytes of a read were handed out. */
  released(bytes: number): void {
    this.#bytes -= bytes;
  }

  /** A read was handed out to its end, or is given up, with `bytes` of it left. */
  ended(bytes: number): void {
    this.#reads--;
    this.#bytes -= bytes;
  }

  /** The download reads no more. */
  leave(): void {
    this.#leave();
  }
}
