import { setTimeout as sleep } from "node:timers/promises";
import { BrokenCircuitError, type CircuitBreakerPolicy } from "cockatiel";
import { follow, inTurn } from "../../async/abortable.ts";
import { type ErrorCode, ZiplinkError } from "../../errors.ts";

/** When a store's failure is tried again, and when it is given up. */
export interface RetryOptions {
  /** How often in a row a store may fail to bring anything before it is given up. Default 8. */
  readonly attempts: number;
  /** How many failures one download may have altogether. Default 200. */
  readonly budget: number;
  /** How long the store may keep us waiting, and a read may lie idle. Milliseconds; default 30,000. */
  readonly timeoutMs: number;
  /** The first wait before another attempt, doubled each time up to 5 s. Milliseconds; default 100. */
  readonly backoffMs: number;
  /** Told of what befalls the store; must not throw. Default: nobody is. */
  readonly observe: (event: StoreEvent) => void;
}

/** What befalls a store, for whoever watches over it. */
export type StoreEvent = StoreRetried | StoreBreaker;

/** A call or a read failed in passing and is made again. */
export interface StoreRetried {
  /** Tells it from the other events. */
  readonly event: "store_retried";
  /** What it failed with: `throttled`, `unavailable` or `timeout`. */
  readonly code: ErrorCode;
}

/** The circuit breaker has changed its state. */
export interface StoreBreaker {
  /** Tells it from the other events. */
  readonly event: "store_breaker";
  /** `open` leaves the store alone, `half_open` lets a probe through, `closed` is as ever. */
  readonly state: "closed" | "open" | "half_open";
}

/** What another attempt may mend. */
const TRANSIENT: ReadonlySet<ErrorCode> = new Set(["throttled", "unavailable", "timeout"]);

const MAX_BACKOFF_MS = 5_000;

/** A store that asks us to wait for longer is as good as down. */
const MAX_RETRY_AFTER_MS = 30_000;

/** How often in a row something has failed. */
export class Failures {
  count = 0;

  reset(): void {
    this.count = 0;
  }
}

/** Decides on further attempts, for one download. */
export class Retrying {
  readonly #options: RetryOptions;
  readonly #breaker: CircuitBreakerPolicy;
  #failures = 0;

  constructor(options: RetryOptions, breaker: CircuitBreakerPolicy) {
    this.#options = options;
    this.#breaker = breaker;
  }

  get timeoutMs(): number {
    return this.#options.timeoutMs;
  }

  /**
   * The result of `action`, attempted as often as it makes sense. Each attempt has an AbortController of
   * its own, which is aborted if `signal` is, or if it takes too long; until it has ended.
   */
  async call<T>(
    action: (attempt: AbortController) => Promise<T>,
    signal: AbortSignal | undefined,
    failures = new Failures(),
  ): Promise<T> {
    for (;;) {
      try {
        return await this.#attempt(action, signal);
      } catch (error) {
        await this.backOff(error, failures, signal);
      }
    }
  }

  /** Waits before the next attempt, or rejects with `error` if there is to be none. */
  async backOff(
    error: unknown,
    failures: Failures,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    signal?.throwIfAborted();
    failures.count++;
    this.#failures++;
    const { attempts, budget, backoffMs } = this.#options;
    const asked = error instanceof ZiplinkError ? (error.retryAfterMs ?? 0) : 0;
    const isOver = failures.count >= attempts || this.#failures > budget;
    if (!isTransient(error) || isOver || asked > MAX_RETRY_AFTER_MS) throw error;
    this.#options.observe({ event: "store_retried", code: error.code });
    const backoff = Math.min(backoffMs * 2 ** (failures.count - 1), MAX_BACKOFF_MS);
    // Half of it by chance: reads that broke together do not all come back at once.
    const wait = Math.max(asked, backoff * (0.5 + Math.random() / 2));
    await sleep(wait, undefined, signal ? { signal } : {});
  }

  /**
   * The result of `action`, once the circuit lets it ask the store; `unavailable` while that is
   * open. If it takes too long, `attempt` is aborted. `signal` ends the wait for another call's
   * probe; what has begun has to heed it by itself.
   */
  async once<T>(
    action: () => Promise<T>,
    attempt: AbortController,
    signal: AbortSignal | undefined,
  ): Promise<T> {
    const timer = setTimeout(() => attempt.abort(timedOut()), this.#options.timeoutMs);
    try {
      return await inTurn((asks) => this.#breaker.execute(asks), action, signal);
    } catch (error) {
      if (error instanceof BrokenCircuitError) throw isDown(error);
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

/** Whether another attempt may mend it. */
export function isTransient(error: unknown): error is ZiplinkError {
  return error instanceof ZiplinkError && TRANSIENT.has(error.code);
}

/** The store has let its time pass; another attempt may mend it. */
export function timedOut(): ZiplinkError {
  return new ZiplinkError("timeout", "The store did not answer in time.");
}

function isDown(cause: Error): ZiplinkError {
  return new ZiplinkError("unavailable", "The store is down. Try again later.", { cause });
}
