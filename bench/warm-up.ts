import type { StoreSpec } from "./store-server.ts";

/** A bucket that every store has, besides the one with its objects, under any name. */
export const WARM_UP_BUCKET = "warm-up";

/**
 * What contestants read before they are measured: compiling the client's code is no part of a download, nor is connecting.
 * The objects are small and come without delay, so that no memory of large ones is left to be counted as idle.
 */
export const warmUpSpec: StoreSpec = {
  objects: 50,
  objectBytes: 16 * 1024,
  firstByteMs: 0,
  bytesPerSecond: 0,
};
