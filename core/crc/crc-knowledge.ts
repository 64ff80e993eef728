import { CrcCache } from "./crc-cache.ts";
import type { CrcStore } from "./crc-store.ts";
import { SharedRereads } from "./shared-rereads.ts";

/** Everything that downloads of a process share in order to know checksums without reading. */
export interface CrcKnowledge {
  /** Checksums that this process has learnt. */
  readonly cache: CrcCache;
  /** Keeps checksums across instances. */
  readonly store?: CrcStore | undefined;
  /** Called with each error of the store; the download continues without the store. */
  readonly onStoreError: (error: unknown) => void;
  /**
   * Called when a download ends whose bytes contradicted what was known, with the number of its entries
   * concerned. What was known has been replaced.
   */
  readonly onContradiction: (entries: number) => void;
  /** Reads again what no download has read, once for all of them. */
  readonly rereads: SharedRereads;
}

/** Options of `createCrcKnowledge`. */
export interface CrcKnowledgeOptions {
  /** Number of objects whose checksums are cached. Default 100,000. */
  readonly maxObjects?: number;
  /** Number of parts of objects reread at a time, for all downloads together. Default 8. */
  readonly rereads?: number;
  /** Keeps checksums across instances. Default: no store. */
  readonly store?: CrcStore | undefined;
  /** Called with each error of the store; the download continues without the store. Default: ignored. */
  readonly onStoreError?: (error: unknown) => void;
  /** Called when the bytes of a download have contradicted known checksums; see `CrcKnowledge`. Default: ignored. */
  readonly onContradiction?: (entries: number) => void;
}

/** Creates the knowledge that the downloads of one source share; `EntryCrcs` uses it. */
export function createCrcKnowledge(options: CrcKnowledgeOptions = {}): CrcKnowledge {
  const { maxObjects, rereads = 8, store } = options;
  const { onStoreError = () => undefined, onContradiction = () => undefined } = options;
  return {
    cache: new CrcCache(maxObjects === undefined ? {} : { maxObjects }),
    store,
    onStoreError,
    onContradiction,
    rereads: new SharedRereads(rereads),
  };
}
