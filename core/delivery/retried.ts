import { setTimeout as sleep } from "node:timers/promises";
import { follow } from "../async/abortable.ts";
import { isPassing, retryDelay } from "../async/retry.ts";
import type { StoreEvent } from "../source/resilience/retrying.ts";
import { storeError } from "../source/store-errors.ts";

/** When a call that failed is made again, and when it is given up. */
export interface CallRetries {
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

/** Returns what a call resolves to, made again while its failures may pass. Rejects with the last one. */
export type Retried = <T>(
  call: (signal: AbortSignal) => Promise<T>,
  signal: AbortSignal | undefined,
) => Promise<T>;

/** Makes calls again that fail in passing, after growing delays or those that a store asks for. */
export function createRetried(options: CallRetries = {}): Retried {
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

  return retried;
}
