import { setTimeout as sleep } from "node:timers/promises";
import { follow } from "../async/abortable.ts";
import { isPassing, retryDelay } from "../async/retry.ts";
import type { StoreEvent } from "../source/resilience/retrying.ts";
import { storeError } from "../source/store-errors.ts";
import type { BlobDestination } from "./blob-destination.ts";

/** When a call that failed is made again, and when it is given up. */
export interface DestinationRetries {
  /** Attempts at one call. Default 8. */
  readonly attempts?: number;
  /** First delay before another attempt, doubled each time up to 5 s. Milliseconds; default 100. */
  readonly backoffMs?: number;
  /** How long one attempt may take, the sending of a part included. Milliseconds; default 300,000. */
  readonly timeoutMs?: number;
  /** Called for each retry; must not throw. Default: no observer. */
  readonly observe?: (event: StoreEvent) => void;
}

const MAX_BACKOFF_MS = 5_000;
const MAX_ASKED_MS = 60_000;

/**
 * Returns `destination` with its passing failures hidden: every call is made again, after growing delays
 * or those that the store asks for. `begin` as well: an upload whose answer was lost is found by `uploads`.
 */
export function withRetries(
  destination: BlobDestination,
  options: DestinationRetries = {},
): BlobDestination {
  const { attempts = 8, backoffMs = 100, timeoutMs = 300_000, observe } = options;

  async function retried<T>(
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    for (let failures = 1; ; failures++) {
      try {
        return await inTime(call, signal);
      } catch (error) {
        signal?.throwIfAborted();
        if (!isPassing(error) || failures >= attempts) throw error;
        const wait = retryDelay(failures, error.retryAfterMs, {
          firstMs: backoffMs,
          maxMs: MAX_BACKOFF_MS,
          maxAskedMs: MAX_ASKED_MS,
        });
        if (wait === undefined) throw error;
        observe?.({ event: "store_retried", code: error.code });
        await sleep(wait, undefined, signal ? { signal } : {});
      }
    }
  }

  async function inTime<T>(
    call: (signal: AbortSignal) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const attempt = new AbortController();
    const unfollow = follow(signal, attempt);
    const timer = setTimeout(() => attempt.abort(storeError("timeout")), timeoutMs);
    try {
      return await call(attempt.signal);
    } finally {
      clearTimeout(timer);
      unfollow();
    }
  }

  return {
    traits: destination.traits,
    begin: (key, terms, signal) => retried((s) => destination.begin(key, terms, s), signal),
    putPart: (upload, place, bytes, signal) =>
      retried((s) => destination.putPart(upload, place, bytes, s), signal),
    copyPart: (upload, place, blob, range, signal) =>
      retried((s) => destination.copyPart(upload, place, blob, range, s), signal),
    listParts: (upload, signal) => retried((s) => destination.listParts(upload, s), signal),
    complete: (upload, parts, terms, signal) =>
      retried((s) => destination.complete(upload, parts, terms, s), signal),
    abort: (upload, signal) => retried((s) => destination.abort(upload, s), signal),
    find: (key, signal) => retried((s) => destination.find(key, s), signal),
    findUploaded: (upload, signal) => retried((s) => destination.findUploaded(upload, s), signal),
    remove: (upload, signal) => retried((s) => destination.remove(upload, s), signal),
    uploads: (prefix, signal) => destination.uploads(prefix, signal),
  };
}
