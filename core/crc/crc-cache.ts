import { LRUCache } from "lru-cache";
import type { BlobInfo } from "../blob-source.ts";
import { CrcParts } from "./crc-parts.ts";

/** Options of `CrcCache`. */
export interface CrcCacheOptions {
  /** Number of objects whose checksums are kept, about 200 bytes each. Default 100,000. */
  readonly maxObjects?: number;
}

/**
 * CRC-32s learnt while streaming, by object and version, so that a later download in this process need not
 * reread what it does not send. Bounded: the least recently used are evicted. Checksums of parts of an object
 * are kept too: slices of it that were sent one by one add up to its checksum.
 */
export class CrcCache {
  readonly #whole: LRUCache<string, number>;
  readonly #partial: LRUCache<string, CrcParts>;

  constructor({ maxObjects = 100_000 }: CrcCacheOptions = {}) {
    this.#whole = unitCache(maxObjects);
    this.#partial = unitCache(Math.ceil(maxObjects / 100));
  }

  /** Returns the CRC-32 of a whole object, if cached. */
  get(blob: BlobInfo): number | undefined {
    return this.#whole.get(identify(blob));
  }

  /** Caches the CRC-32 of a whole object. */
  set(blob: BlobInfo, crc32: number): void {
    const id = identify(blob);
    this.#partial.delete(id);
    this.#whole.set(id, crc32);
  }

  /** Returns the known parts of an object's checksum, which all downloads add to. */
  parts(blob: BlobInfo): CrcParts {
    const id = identify(blob);
    const parts = this.#partial.get(id) ?? new CrcParts();
    this.#partial.set(id, parts);
    return parts;
  }
}

/**
 * Returns a cache of up to `maxSize` objects. With the option `max`, it would allocate room for all of them
 * up front: 7 ms of a cold start.
 */
function unitCache<V extends {}>(maxSize: number): LRUCache<string, V> {
  return new LRUCache({ maxSize, sizeCalculation: () => 1 });
}

function identify({ key, version }: BlobInfo): string {
  return JSON.stringify([key, version]);
}
