import pLimit, { type LimitFunction } from "p-limit";
import { CrcCache } from "./crc-cache.ts";
import type { CrcStore } from "./crc-store.ts";

/** What the downloads of a process share so as to know checksums without reading. */
export interface CrcKnowledge {
  /** What this process has learnt. */
  readonly cache: CrcCache;
  /** Keeps them across instances. */
  readonly store?: CrcStore | undefined;
  /** Told of what goes wrong with the store; a download goes on without it. */
  readonly onStoreError: (error: unknown) => void;
  /** Bounds how many objects are read again at a time, for all downloads together. */
  readonly limit: LimitFunction;
}

/** How much is remembered, and whether beyond this process. */
export interface CrcKnowledgeOptions {
  /** How many objects' checksums are remembered. Default 100,000. */
  readonly maxObjects?: number;
  /** How many objects are read again at a time, for all downloads together. Default 8. */
  readonly rereads?: number;
  /** Keeps checksums across instances. Default: none does. */
  readonly store?: CrcStore | undefined;
  /**
   * Told of what goes wrong with the store; a download goes on without it. Default: nobody is told.
   */
  readonly onStoreError?: (error: unknown) => void;
}

/** Knowledge for the downloads of one source; see `EntryCrcs` for its use. */
export function createCrcKnowledge(options: CrcKnowledgeOptions = {}): CrcKnowledge {
  const { maxObjects, rereads = 8, store, onStoreError = () => undefined } = options;
  return {
    cache: new CrcCache(maxObjects === undefined ? {} : { maxObjects }),
    store,
    onStoreError,
    limit: pLimit(rereads),
  };
}
