import pLimit, { type LimitFunction } from "p-limit";
import { CrcCache } from "./crc-cache.ts";
import type { CrcStore } from "./crc-store.ts";

/** Everything that downloads of a process share in order to know checksums without reading. */
export interface CrcKnowledge {
  /** Checksums that this process has learnt. */
  readonly cache: CrcCache;
  /** Keeps checksums across instances. */
  readonly store?: CrcStore | undefined;
  /** Called with each error of the store; the download continues without the store. */
  readonly onStoreError: (error: unknown) => void;
  /** Limits how many objects are reread at a time, for all downloads together. */
  readonly limit: LimitFunction;
}

/** Options of `createCrcKnowledge`. */
export interface CrcKnowledgeOptions {
  /** Number of objects whose checksums are cached. Default 100,000. */
  readonly maxObjects?: number;
  /** Number of objects reread at a time, for all downloads together. Default 8. */
  readonly rereads?: number;
  /** Keeps checksums across instances. Default: no store. */
  readonly store?: CrcStore | undefined;
  /** Called with each error of the store; the download continues without the store. Default: ignored. */
  readonly onStoreError?: (error: unknown) => void;
}

/** Creates the knowledge that the downloads of one source share; `EntryCrcs` uses it. */
export function createCrcKnowledge(options: CrcKnowledgeOptions = {}): CrcKnowledge {
  const { maxObjects, rereads = 8, store, onStoreError = () => undefined } = options;
  return {
    cache: new CrcCache(maxObjects === undefined ? {} : { maxObjects }),
    store,
    onStoreError,
    limit: pLimit(rereads),
  };
}
