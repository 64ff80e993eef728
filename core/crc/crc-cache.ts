import { LRUCache } from "lru-cache";
import type { BlobInfo } from "../blob-source.ts";
import { CrcParts } from "./crc-parts.ts";

/** How much is remembered. */
export interface CrcCacheOptions {
  /** How many objects' checksums are kept, each some 200 bytes. Default 100,000. */
  readonly maxObjects?: number;
}

/**
 * The CRC-32s learnt by streaming, by object and version, so that a later download in this process
 * need not read again what it skips. Bounded: the least recently used are forgotten. What is known of
 * an object in part is kept too: slices of it that were sent one by one add up to its checksum.
 */
export class CrcCache {
  readonly #whole: LRUCache<string, number>;
  readonly #partial: LRUCache<string, CrcParts>;

  constructor({ maxObjects = 100_000 }: CrcCacheOptions = {}) {
    this.#whole = unitCache(maxObjects);
    this.#partial = unitCache(Math.ceil(maxObjects / 100));
  }

  /** The CRC-32 of a whole object, if it is remembered. */
  get(blob: BlobInfo): number | undefined {
    return this.#whole.get(identify(blob));
  }

  /** Remembers the CRC-32 of a whole object. */
  set(blob: BlobInfo, crc32: number): void {
    const id = identify(blob);
    this.#partial.delete(id);
    this.#whole.set(id, crc32);
  }

  /** What is known of an object in part, for all downloads to add to. */
  parts(blob: BlobInfo): CrcParts {
    const id = identify(blob);
    const parts = this.#partial.get(id) ?? new CrcParts();
    this.#partial.set(id, parts);
    return parts;
  }
}

/** A cache of so many objects. Given `max`, it would allocate for all of them at once: 7 ms of a cold start. */
function unitCache<V extends {}>(maxSize: number): LRUCache<string, V> {
  return new LRUCache({ maxSize, sizeCalculation: () => 1 });
}

function identify({ key, version }: BlobInfo): string {
  return JSON.stringify([key, version]);
}
