import type { BlobInfo, BlobSource, ByteRange } from "../../blob-source.ts";
import { checkBlob } from "../check-blob.ts";
import { type FetchPage, isPaged, listPages } from "../paged-listing.ts";
import { SeenKeys } from "../seen-keys.ts";
import { Circuit } from "./circuit.ts";
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
  readonly #circuit: Circuit;

  constructor(source: BlobSource, options: ResilienceOptions = {}) {
    this.#source = source;
    const { breakAfter = 20, halfOpenAfterMs = 2_000, ...retryOptions } = options;
    this.#options = {
      attempts: 8,
      budget: 200,
      timeoutMs: 30_000,
      backoffMs: 100,
      maxRetryAfterMs: 30_000,
      observe: () => undefined,
      ...retryOptions,
    };
    const { observe } = this.#options;
    this.#circuit = new Circuit({
      breakAfter,
      halfOpenAfterMs,
      onState: (state) => observe({ event: "store_breaker", state }),
    });
  }

  /** Returns the source for one download, with its own budget of failures. */
  forDownload(): BlobSource {
    return new DownloadSource(this.#source, new Retrying(this.#options, this.#circuit));
  }
}

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
    const seen = new SeenKeys();
    const call = new StoreCall("list", prefix);
    for (let isRestart = false; ; isRestart = true) {
      const late = new AbortController();
      const either = signal ? AbortSignal.any([signal, late.signal]) : late.signal;
      let listing: AsyncIterable<BlobInfo>;
      try {
        listing = this.#source.list(prefix, either);
        if (!isPaged(listing)) {
          for await (const info of stepwise(listing, late, this.#retrying, signal)) {
            const isNew = seen.add(checkBlob(info).key);
            if (isRestart && !isNew) continue; // it was yielded before the listing broke
            call.reset();
            yield info;
          }
          return;
        }
      } catch (error) {
        // Without all of its keys, a listing cannot be restarted: objects would come twice.
        if (seen.isFull) call.failures = Number.POSITIVE_INFINITY;
        await this.#retrying.backOff(error, call, signal);
        continue;
      }
      yield* listPages(this.#retried(listing.fetchPage, prefix), signal);
      return;
    }
  }

  /** Returns `fetchPage` with each page retried by itself. */
  #retried(fetchPage: FetchPage, prefix: string): FetchPage {
    return (token, signal) => {
      const fetch = (attempt: AbortController) => fetchPage(token, attempt.signal);
      return this.#retrying.call(fetch, new StoreCall("list", prefix), signal);
    };
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
 * Iterates with each step as a store call of its own. A step that times out is aborted, by `late`, but not
 * waited for, as it may never settle.
 */
async function* stepwise<T>(
  steps: AsyncIterable<T>,
  late: AbortController,
  retrying: Retrying,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  const iterator = steps[Symbol.asyncIterator]();
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
