import { follow } from "../../async/abortable.ts";
import type { BlobInfo, BlobSource, ByteRange } from "../../blob-source.ts";
import { storeError } from "../store-errors.ts";
import { type Retrying, StoreCall } from "./retrying.ts";

/** A read that resumes at its position when it breaks, stalls, or was closed because it was idle. */
export class ResumingChunks implements AsyncIterableIterator<Uint8Array> {
  readonly #source: BlobSource;
  readonly #blob: BlobInfo;
  readonly #end: number;
  readonly #retrying: Retrying;
  readonly #signal: AbortSignal | undefined;
  readonly #call: StoreCall;
  readonly #timer: NodeJS.Timeout;
  #position: number;
  /** Aborts the read in progress. */
  #attempt = new AbortController();
  #unfollow: () => void = () => undefined;
  #current: AsyncIterator<Uint8Array> | undefined;
  #isWaiting = false;
  #isOver = false;

  constructor(
    source: BlobSource,
    blob: BlobInfo,
    { start, end }: ByteRange,
    retrying: Retrying,
    signal: AbortSignal | undefined,
  ) {
    this.#source = source;
    this.#blob = blob;
    this.#call = new StoreCall("read", blob.key);
    this.#position = start;
    this.#end = end;
    this.#retrying = retrying;
    this.#signal = signal;
    this.#timer = setTimeout(() => this.#onTimeout(), retrying.timeoutMs).unref();
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  /** Opens the read; rejects if that fails. */
  async begin(): Promise<void> {
    try {
      await this.#open();
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      while (!this.#isOver) {
        const chunk = await this.#read();
        if (chunk) return { done: false, value: chunk };
      }
      return await this.return();
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    this.#isOver = true;
    clearTimeout(this.#timer);
    await this.#close();
    return { done: true, value: undefined };
  }

  /** Returns the next chunk, or `undefined` if the read is over or must be opened again. */
  async #read(): Promise<Uint8Array | undefined> {
    const current = this.#current ?? (await this.#open());
    try {
      const { done, value } = await this.#watched(current.next());
      if (!done) {
        this.#position += value.length;
        this.#call.reset();
        return value;
      }
      this.#current = undefined;
      if (this.#position < this.#end) throw storeError("broken_off");
      this.#isOver = true;
    } catch (error) {
      await this.#close();
      await this.#retrying.backOff(error, this.#call, this.#signal);
    }
    return undefined;
  }

  async #open(): Promise<AsyncIterator<Uint8Array>> {
    const range = { start: this.#position, end: this.#end };
    const chunks = await this.#retrying.call(
      (attempt) => {
        this.#attempt = attempt;
        return this.#source.open(this.#blob, range, attempt.signal);
      },
      this.#call,
      this.#signal,
    );
    this.#unfollow = follow(this.#signal, this.#attempt);
    this.#current = chunks[Symbol.asyncIterator]();
    return this.#current;
  }

  /** Times out a wait for the store until `promise` settles; before and after that the read is idle. */
  async #watched<T>(promise: Promise<T>): Promise<T> {
    this.#isWaiting = true;
    this.#timer.refresh();
    try {
      return await promise;
    } finally {
      this.#isWaiting = false;
      this.#timer.refresh();
    }
  }

  #onTimeout(): void {
    if (this.#isWaiting) this.#attempt.abort(storeError("timeout"));
    else this.#close().catch(() => undefined); // the next read opens a new one, so this error is of no use
  }

  async #close(): Promise<void> {
    const current = this.#current;
    const unfollow = this.#unfollow; // this read's: after the await it may be the next read's
    this.#current = undefined;
    try {
      await current?.return?.();
    } finally {
      unfollow();
    }
  }
}
