import { follow } from "../async/abortable.ts";
import { release } from "../bytes/chunks.ts";
import { ZiplinkError } from "../errors.ts";

/** How a body ended. Reported once everything it held has been released. */
export interface BodyEnd {
  /**
   * `completed`: all bytes were read. `aborted`: the reader cancelled it, or its signal was aborted.
   * `stalled`: its reader took nothing for too long. `failed`: the generator threw, or the body or its signal
   * was aborted with any other `ZiplinkError`.
   */
  readonly outcome: "completed" | "aborted" | "stalled" | "failed";
  /** Number of bytes handed to the reader. */
  readonly sent: number;
  /** The cause of a failure; absent otherwise. */
  readonly error?: unknown;
}

type Chunks = AsyncGenerator<Uint8Array, void, undefined>;

const ours = new WeakMap<ReadableStream, BodyStream>();

/**
 * Whether `stream` is the `readable` of a `BodyStream`. Nothing but its reader ever sees its chunks, so the
 * reader may `release` them. The two branches of a `tee`, as `Response.clone` makes them, share their chunks
 * and do not qualify.
 */
export function ownsChunks(stream: ReadableStream): boolean {
  return ours.has(stream);
}

/**
 * Ends `stream` early if it is the `readable` of a `BodyStream`, with `reason` as the explanation. For those
 * who send a body and have to break it off; code `stalled` says that its reader took nothing.
 */
export function abortBody(stream: ReadableStream, reason: ZiplinkError): void {
  ours.get(stream)?.abort(reason);
}

/**
 * The single stream between a generator of bytes and its reader. It is pull-based: nothing happens before
 * the first read, and each read does only the work for its chunk. It ends exactly once: by the last chunk, a
 * failure, a cancellation, or an abort of its signal, which takes effect even if nobody reads any more.
 */
export class BodyStream {
  /** The bytes. Errors with the generator's error, or with the signal's reason. */
  readonly readable: ReadableStream<Uint8Array>;
  readonly #ending = new AbortController();
  readonly #unfollow: () => void;
  readonly #chunks: Chunks;
  #first: IteratorResult<Uint8Array, void> | undefined;
  #isCancelled = false;
  #sent = 0;
  #end: BodyEnd | undefined;
  #onEnd: ((end: BodyEnd) => void) | undefined;

  /**
   * @param open creates the generator; the signal it is given ends the generator's work
   * @param signal ends the body when it is aborted. No listener stays on it once the body has ended
   */
  constructor(open: (signal: AbortSignal) => Chunks, signal?: AbortSignal) {
    this.#chunks = open(this.#ending.signal);
    this.readable = new ReadableStream(
      {
        pull: (controller) => this.#pull(controller),
        cancel: async () => {
          this.#isCancelled = true;
          this.#ending.abort();
          await this.#close();
        },
      },
      { highWaterMark: 0 },
    );
    ours.set(this.readable, this);
    // A failure to close is reported to the reader, if there is one.
    const close = () => void this.#close().catch(() => undefined);
    this.#ending.signal.addEventListener("abort", close, { once: true });
    // The caller's signal may live much longer than this stream, so no listener may stay on it.
    this.#unfollow = follow(signal, this.#ending);
  }

  /**
   * Reads the first chunk in advance, so that errors before it can still be reported by an HTTP status.
   * Rejects with the error of that read, which also ends the body.
   */
  async prime(): Promise<void> {
    this.#first = await this.#read();
  }

  /** Ends the body early, even if nobody reads any more. Does nothing if it is ending already. */
  abort(reason: ZiplinkError): void {
    this.#ending.abort(reason);
  }

  /** Calls `onEnd` once, when the body has ended, or immediately if it already has. `onEnd` must not throw. */
  onEnd(onEnd: (end: BodyEnd) => void): void {
    if (this.#end) onEnd(this.#end);
    else this.#onEnd = onEnd;
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    const { done, value } = await this.#read();
    if (this.#isCancelled) return;
    if (done) {
      this.#finish("completed");
      controller.close();
    } else {
      this.#sent += value.length;
      controller.enqueue(value);
    }
  }

  async #read(): Promise<IteratorResult<Uint8Array, void>> {
    const { signal } = this.#ending;
    if (signal.aborted) {
      await this.#close();
      throw signal.reason;
    }
    try {
      return this.#takeFirst() ?? (await this.#chunks.next());
    } catch (error) {
      this.#finish("failed", error);
      throw error;
    }
  }

  #takeFirst(): IteratorResult<Uint8Array, void> | undefined {
    const first = this.#first;
    this.#first = undefined;
    return first;
  }

  /** Releases everything. The generator's `return` queues behind a read in progress. */
  async #close(): Promise<void> {
    const first = this.#takeFirst();
    if (first?.value) release(first.value);
    try {
      await this.#chunks.return();
    } finally {
      this.#finish("aborted");
    }
  }

  #finish(outcome: BodyEnd["outcome"], error?: unknown): void {
    if (this.#end) return;
    this.#unfollow();
    this.#end = { ...this.#explain(outcome, error), sent: this.#sent };
    this.#onEnd?.(this.#end);
  }

  /** An abort or a cancellation also reaches the generator as an error, possibly before it gets here. */
  #explain(outcome: BodyEnd["outcome"], error: unknown): Pick<BodyEnd, "outcome" | "error"> {
    const { aborted, reason } = this.#ending.signal;
    if (!aborted) return outcome === "failed" ? { outcome, error } : { outcome };
    if (!(reason instanceof ZiplinkError)) return { outcome: "aborted" };
    return reason.code === "stalled"
      ? { outcome: "stalled" }
      : { outcome: "failed", error: reason };
  }
}
