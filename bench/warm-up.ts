import type { StoreSpec } from "./store-server.ts";

/**
 * A bucket that every store has, besides its own objects, which appear under any other bucket name.
 */
export const WARM_UP_BUCKET = "warm-up";

/**
 * The objects that contestants read before they are measured, since compiling the client's code and
 * connecting are not part of a download. They are small and arrive without delay, so that no memory
 * of large ones counts as idle.
 */
export const warmUpSpec: StoreSpec = {
  objects: 50,
  objectBytes: 16 * 1024,
  firstByteMs: 0,
  bytesPerSecond: 0,
};
