import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
} from "cockatiel";
import { isPassing } from "../../async/retry.ts";
import type { BlobInfo, BlobSource, ByteRange } from "../../blob-source.ts";
import { compareUtf8 } from "../key-order.ts";
import { ResumingChunks } from "./resuming-chunks.ts";
import { Retrying, type RetryOptions, StoreCall } from "./retrying.ts";

/** How a source's failures are retried. */
export interface ResilienceOptions extends Partial<RetryOptions> {
  /** Consecutive failures, across all downloads, that open the circuit breaker. Default 20. */
  readonly breakAfter?: number;
  /** How long the breaker stays open before one call probes the store. Milliseconds; default 2,000. */
  readonly halfOpenAfterMs?: number;
}

/**
 * A source that hides a store's transient failures. Calls are retried, after growing delays or those that
 * the store asks for; a read that breaks or stalls resumes at its position, of the same version. While the
 * store keeps failing, a circuit breaker blocks all calls to it except an occasional probe.
 *
 * Time-outs count only time spent waiting for the store, never for a slow client: a read that is left idle
 * is closed after a while, and reopened at its position when the client goes on.
 */
export class ResilientSource {
  readonly #source: BlobSource;
  readonly #options: RetryOptions;
  readonly #breaker: CircuitBreakerPolicy;

  constructor(source: BlobSource, options: ResilienceOptions = {}) {
    this.#source = source;
    const { breakAfter = 20, halfOpenAfterMs = 2_000, ...retryOptions } = options;
    this.#options = {
      attempts: 8,
      budget: 200,
      timeoutMs: 30_000,
      backoffMs: 100,
      observe: () => undefined,
      ...retryOptions,
    };
    const { observe } = this.#options;
    this.#breaker = circuitBreaker(handleWhen(isPassing), {
      halfOpenAfter: halfOpenAfterMs,
      breaker: new ConsecutiveBreaker(breakAfter),
    });
    this.#breaker.onStateChange((state) => {
      observe({ event: "store_breaker", state: breakerStates[state] });
    });
  }

  /** Returns the source for one download, with its own budget of failures. */
  forDownload(): BlobSource {
    return new DownloadSource(this.#source, new Retrying(this.#options, this.#breaker));
  }
}

const breakerStates = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half_open",
  // Isolated by an explicit call, which is never made here.
  [CircuitState.Isolated]: "open",
} as const;

class DownloadSource implements BlobSource {
  readonly #source: BlobSource;
  readonly #retrying: Retrying;

  constructor(source: BlobSource, retrying: Retrying) {
    this.#source = source;
    this.#retrying = retrying;
  }

  stat(key: string, signal?: AbortSignal): Promise<BlobInfo> {
    const stat = ({ signal }: AbortController) => this.#source.stat(key, signal);
    return this.#retrying.call(stat, new StoreCall("stat", key), signal);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<BlobInfo, void, undefined> {
    let last: string | undefined;
    for (const call = new StoreCall("list", prefix); ; ) {
      try {
        const list = (either: AbortSignal) => this.#source.list(prefix, either);
        for await (const info of stepwise(list, this.#retrying, signal)) {
          // A listing that broke is restarted; skip what was yielded before.
          if (last !== undefined && compareUtf8(info.key, last) <= 0) continue;
          last = info.key;
          call.reset();
          yield info;
        }
        return;
      } catch (error) {
        await this.#retrying.backOff(error, call, signal);
      }
    }
  }

  async open(
    blob: BlobInfo,
    range: ByteRange,
    signal?: AbortSignal,
  ): Promise<AsyncIterable<Uint8Array>> {
    const chunks = new ResumingChunks(this.#source, blob, range, this.#retrying, signal);
    await chunks.begin();
    return chunks;
  }
}

/**
 * Iterates with each step as a store call of its own. A step that times out is aborted but not waited for,
 * as it may never settle.
 */
async function* stepwise<T>(
  start: (signal: AbortSignal) => AsyncIterable<T>,
  retrying: Retrying,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const late = new AbortController();
  const either = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
  const iterator = start(either)[Symbol.asyncIterator]();
  const isLate = new Promise<never>((_, reject) => {
    late.signal.addEventListener("abort", () => reject(late.signal.reason), { once: true });
  });
  isLate.catch(() => undefined); // handled by the race below, or no longer of interest
  try {
    for (;;) {
      const next = () => Promise.race([iterator.next(), isLate]);
      const step = await retrying.once(next, late, signal);
      if (step.done) return;
      yield step.value;
    }
  } finally {
    const ended = iterator.return?.();
    if (late.signal.aborted) ended?.catch(() => undefined);
    else await ended;
  }
}
