import { LRUCache } from "lru-cache";
import type { BlobInfo } from "../blob-source.ts";
import { type CrcFragment, CrcParts } from "./crc-parts.ts";

/** Options of `CrcCache`. */
export interface CrcCacheOptions {
  /** Number of objects whose checksums are kept, about 200 bytes each. Default 100,000. */
  readonly maxObjects?: number;
}

/** Fragments kept of one object. Slices in a row are one; only requests for scattered bytes make many. */
const MAX_FRAGMENTS = 200;

/**
 * CRC-32s learnt while streaming, by object and version, so that a later download in this process need not
 * reread what it does not send. Bounded: the least recently used are evicted. Checksums of fragments of an
 * object are kept too: slices of it that were sent one by one add up to its checksum.
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

  /** Caches the CRC-32 of a whole object. Returns whether this has replaced a different one. */
  set(blob: BlobInfo, crc32: number): boolean {
    const id = identify(blob);
    const previous = this.#whole.get(id);
    this.#partial.delete(id);
    if (previous !== crc32) this.#whole.set(id, crc32);
    return previous !== undefined && previous !== crc32;
  }

  /** Forgets the object and its fragments. */
  delete(blob: BlobInfo): void {
    const id = identify(blob);
    this.#partial.delete(id);
    this.#whole.delete(id);
  }

  /** Returns the fragments learnt since the CRC-32 of the whole object was last known, in ascending order. */
  fragments(blob: BlobInfo): CrcFragment[] {
    return this.#partial.get(identify(blob))?.fragments() ?? [];
  }

  /** Adds fragments of an object. Returns the CRC-32 of all of it if no byte is missing any more. */
  add(blob: BlobInfo, fragments: readonly CrcFragment[]): number | undefined {
    const id = identify(blob);
    const parts = this.#partial.get(id) ?? new CrcParts();
    for (const fragment of fragments) if (parts.count < MAX_FRAGMENTS) parts.add(fragment);
    this.#partial.set(id, parts);
    return parts.whole(blob.size);
  }
}

/**
 * Returns a cache of up to `maxSize` objects. With the option `max`, it would allocate room for all of them
 * up front: 7 ms of a cold start.
 */
function unitCache<V extends {}>(maxSize: number): LRUCache<string, V> {
  return new LRUCache({ maxSize, sizeCalculation: () => 1 });
}

/** Returns the same string for the same version of an object, and for nothing else. */
export function identify({ key, version }: Pick<BlobInfo, "key" | "version">): string {
  return JSON.stringify([key, version]);
}
