import { FairShare } from "../../core/async/fair-share.ts";
import { ZiplinkError } from "../../core/errors.ts";

/** Memory of all request bodies in progress, in bytes. */
const TOTAL_BYTES = 64 * 1024 * 1024;

/** Suggested wait until others have been handled. */
const BUSY_MS = 5_000;

/** The bytes that one body holds. */
export interface HeldBytes {
  /** Counts further bytes that have arrived. Throws `too_many_requests` if there is no room for them. */
  add(bytes: number): void;
  /** Gives all of them back; further calls do nothing. */
  release(): void;
}

/**
 * Bounds the request bodies that are in memory at a time. A body counts as it arrives, not by the length that it
 * states, and until its request is answered. No caller can have all of the room: alone it has half.
 */
export class BodyBudget {
  readonly #share: FairShare;

  constructor(totalBytes = TOTAL_BYTES) {
    this.#share = new FairShare(totalBytes, 1);
  }

  /** Begins to count a body of the caller with this id. */
  hold(caller: string): HeldBytes {
    let held = 0;
    return {
      add: (bytes) => {
        if (!this.#share.take(caller, bytes)) throw busy();
        held += bytes;
      },
      release: () => {
        this.#share.give(caller, held);
        held = 0;
      },
    };
  }
}

function busy(): ZiplinkError {
  return new ZiplinkError(
    "too_many_requests",
    `Too many request bodies are arriving. Try again in ${BUSY_MS / 1000} seconds.`,
    { retryAfterMs: BUSY_MS },
  );
}
