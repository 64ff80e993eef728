import {
  type CircuitBreakerPolicy,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  handleWhen,
} from "cockatiel";
import type { BlobInfo, BlobSource, ByteRange } from "../../blob-source.ts";
import { compareUtf8 } from "../key-order.ts";
import { ResumingChunks } from "./resuming-chunks.ts";
import { Failures, isTransient, Retrying, type RetryOptions } from "./retrying.ts";

/** How hard it is tried when a store fails. */
export interface ResilienceOptions extends Partial<RetryOptions> {
  /** After how many failures in a row, of all downloads, the store is left alone. Default 20. */
  readonly breakAfter?: number;
  /** For how long it is left alone before a single call tries it. Milliseconds; default 2,000. */
  readonly halfOpenAfterMs?: number;
}

/**
 * A store whose passing failures nobody notices: calls are made again, with growing waits or those it
 * asks for; a read that breaks or stalls goes on where it was, of the same version. While the store
 * keeps failing, a circuit breaker leaves it alone but for a probe now and then.
 *
 * Only time spent waiting for the store counts, never time in which a client is slow: a read that
 * nobody asks to go on is closed after a while, and opened again where it was when somebody does.
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
    this.#breaker = circuitBreaker(handleWhen(isTransient), {
      halfOpenAfter: halfOpenAfterMs,
      breaker: new ConsecutiveBreaker(breakAfter),
    });
    this.#breaker.onStateChange((state) => {
      observe({ event: "store_breaker", state: breakerStates[state] });
    });
  }

  /** The store for one download, with a budget of failures of its own. */
  forDownload(): BlobSource {
    return new DownloadSource(this.#source, new Retrying(this.#options, this.#breaker));
  }
}

const breakerStates = {
  [CircuitState.Closed]: "closed",
  [CircuitState.Open]: "open",
  [CircuitState.HalfOpen]: "half_open",
  // Held open by hand, which nobody does.
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
    return this.#retrying.call((attempt) => this.#source.stat(key, attempt.signal), signal);
  }

  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<BlobInfo, void, undefined> {
    let last: string | undefined;
    for (const failures = new Failures(); ; ) {
      try {
        const list = (either: AbortSignal) => this.#source.list(prefix, either);
        for await (const info of stepwise(list, this.#retrying, signal)) {
          // A listing that broke is begun again; what was given out is passed over.
          if (last !== undefined && compareUtf8(info.key, last) <= 0) continue;
          last = info.key;
          failures.reset();
          yield info;
        }
        return;
      } catch (error) {
        await this.#retrying.backOff(error, failures, signal);
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
 * An iteration each of whose steps is a call of the store by itself. One that is late is told to
 * stop, and not waited for: it may never do.
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
  isLate.catch(() => undefined); // it is raced against below, or nobody waits any more
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
