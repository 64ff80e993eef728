import { setTimeout as sleep } from "node:timers/promises";
import { BrokenCircuitError } from "cockatiel";
import { follow, inTurn } from "../../async/abortable.ts";
import { isPassing, retryDelay } from "../../async/retry.ts";
import type { ErrorCode } from "../../errors.ts";
import { publishStoreFailure, type StoreOperation } from "../store-channel.ts";
import { storeError } from "../store-errors.ts";
import type { Circuit } from "./circuit.ts";

/** When a call that failed is retried, and when it is given up. */
export interface RetryOptions {
  /** Consecutive attempts without any data after which a call is given up. Default 8. */
  readonly attempts: number;
  /** Failures that one download may have in total. Default 200. */
  readonly budget: number;
  /** How long to wait for the store, and how long a read may be idle. Milliseconds; default 30,000. */
  readonly timeoutMs: number;
  /** First delay before another attempt, doubled each time up to 5 s. Milliseconds; default 100. */
  readonly backoffMs: number;
  /**
   * The longest wait that a store may ask for. One that asks for more, as MinIO does for 60 or 120 seconds
   * whatever the cause, is asked again after this. Milliseconds; default 30,000.
   */
  readonly maxRetryAfterMs: number;
  /** Called for each retry and each change of the circuit breaker; must not throw. Default: no observer. */
  readonly observe: (event: StoreEvent) => void;
}

/** A retry or a change of the circuit breaker, for monitoring. */
export type StoreEvent = StoreRetried | StoreBreaker;

/** A call or a read failed transiently and is retried. */
export interface StoreRetried {
  /** The event's type. */
  readonly event: "store_retried";
  /** The code of the failure: `throttled`, `unavailable` or `timeout`. */
  readonly code: ErrorCode;
}

/** The circuit breaker has changed its state. */
export interface StoreBreaker {
  /** The event's type. */
  readonly event: "store_breaker";
  /** `open` blocks all calls to the store, `half_open` lets one probe through, `closed` lets all through. */
  readonly state: "closed" | "open" | "half_open";
}

const MAX_BACKOFF_MS = 5_000;

/** A call of the store that may be retried, and how often in a row it has failed. */
export class StoreCall {
  readonly operation: StoreOperation;
  readonly key: string;
  failures = 0;

  /** @param key the object's key, or a listing's prefix */
  constructor(operation: StoreOperation, key: string) {
    this.operation = operation;
    this.key = key;
  }

  reset(): void {
    this.failures = 0;
  }
}

/** Decides, for one download, whether and when to retry. */
export class Retrying {
  readonly #options: RetryOptions;
  readonly #circuit: Circuit;
  #failures = 0;

  constructor(options: RetryOptions, circuit: Circuit) {
    this.#options = options;
    this.#circuit = circuit;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /**
   * Returns the result of `action`, retrying it while that makes sense. Each attempt has its own
   * AbortController, which aborts if `signal` does or the attempt times out, until the attempt has ended.
   */
  async call<T>(
    action: (attempt: AbortController) => Promise<T>,
    call: StoreCall,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    for (;;) {
      try {
        return await this.#attempt(action, signal);
      } catch (error) {
        await this.backOff(error, call, signal);
      }
    }
  }

  /** Waits before the next attempt, or rejects with `error` if there must not be one. */
  async backOff(error: unknown, call: StoreCall, signal: AbortSignal | undefined): Promise<void> {
    signal?.throwIfAborted();
    call.failures++;
    this.#failures++;
    const waitMs = this.#waitMs(error, call.failures);
    if (!isPassing(error) || waitMs === undefined) {
      publishStoreFailure("failed", call, error);
      throw error;
    }
    publishStoreFailure("retried", call, error, waitMs);
    this.#options.observe({ event: "store_retried", code: error.code });
    await sleep(waitMs, undefined, signal ? { signal } : {});
  }

  /** Returns the delay before the next attempt, or `undefined` if there must not be one. */
  #waitMs(error: unknown, failures: number): number | undefined {
    const { attempts, budget, backoffMs, maxRetryAfterMs } = this.#options;
    const isOver = failures >= attempts || this.#failures > budget;
    if (!isPassing(error) || isOver) return undefined;
    return retryDelay(failures, Math.min(error.retryAfterMs ?? 0, maxRetryAfterMs), {
      firstMs: backoffMs,
      maxMs: MAX_BACKOFF_MS,
      maxAskedMs: maxRetryAfterMs,
    });
  }

  /**
   * Returns the result of `action`, called once the circuit breaker lets it through; rejects with
   * `unavailable` while the breaker is open. If the action times out, `attempt` is aborted. `signal` ends the
   * wait for another call's probe; an action that has begun must heed it itself.
   */
  async once<T>(
    action: () => Promise<T>,
    attempt: AbortController,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const timer = setTimeout(() => attempt.abort(storeError("timeout")), this.#options.timeoutMs);
    try {
      return await inTurn((asks) => this.#circuit.execute(asks), action, signal);
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw storeError("down", error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async #attempt<T>(
    action: (attempt: AbortController) => Promise<T>,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const attempt = new AbortController();
    const unfollow = follow(signal, attempt);
    try {
      return await this.once(() => action(attempt), attempt, signal);
    } finally {
      unfollow();
    }
  }
}
