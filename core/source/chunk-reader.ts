import { release } from "../bytes/chunks.ts";

type Chunk = Uint8Array | undefined;

/**
 * Base of readers that hold something open, such as a file or a connection, and yield its bytes. The
 * reader closes once: when it ends or fails, when `return()` is called, or as soon as its signal aborts,
 * in each case even if nothing was read yet and even while a read waits. (A generator would not do:
 * `return()` of one that has not started does not run its `finally`, and of one that waits has to wait.)
 *
 * After an abort, `next` rejects with the signal's reason. The next chunk may be requested only once the
 * last one has arrived.
 */
export abstract class ChunkReader implements AsyncIterableIterator<Uint8Array> {
  /** Closes the reader when aborted. */
  protected readonly signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.#close().catch(() => undefined); // reported by `next` or `return`
  #isClosed = false;
  #closing: Promise<void> | undefined;

  constructor(signal: AbortSignal | undefined) {
    this.signal = signal;
    // Not at once, since the fields of the subclass do not exist yet.
    if (signal?.aborted) queueMicrotask(this.#onAbort);
    else signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    let chunk: Chunk;
    try {
      if (!this.#isClosed) chunk = await this.read();
    } catch (error) {
      // A read that was cut off by closing may fail in any way.
      if (!this.#isClosed) {
        await this.#close().catch(() => undefined); // the first failure is the one to report
        this.signal?.throwIfAborted();
        throw error;
      }
    }
    if (chunk) {
      if (!this.#isClosed) return { done: false, value: chunk };
      release(chunk);
    }
    await this.#close();
    this.signal?.throwIfAborted();
    return { done: true, value: undefined };
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#close();
    return { done: true, value: undefined };
  }

  /** Whether the reader is closed, or closing. */
  protected get isClosed(): boolean {
    return this.#isClosed;
  }

  /**
   * Returns the next chunk, or `undefined` at the end or if the reader was closed meanwhile. Never called
   * once the reader is closed, nor before the last call has settled.
   */
  protected abstract read(): Chunk | Promise<Chunk>;

  /** Releases what the reader holds, and wakes a `read` that waits. Called once. */
  protected abstract dispose(): void | Promise<void>;

  #close(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.signal?.removeEventListener("abort", this.#onAbort);
      this.#closing = (async () => this.dispose())();
    }
    return this.#closing ?? Promise.resolve();
  }
}
