import type { BlobInfo, BlobSource, ByteRange } from "../../blob-source.ts";
import { ChunkReader } from "../chunk-reader.ts";
import { storeError } from "../store-errors.ts";
import { type Retrying, StoreCall } from "./retrying.ts";

/** A read that resumes at its position when it breaks, stalls, or was closed because it was idle. */
export class ResumingChunks extends ChunkReader {
  readonly #source: BlobSource;
  readonly #blob: BlobInfo;
  readonly #end: number;
  readonly #retrying: Retrying;
  readonly #call: StoreCall;
  readonly #timer: NodeJS.Timeout;
  #position: number;
  /** Aborts the read in progress. */
  #attempt = new AbortController();
  #current: AsyncIterator<Uint8Array> | undefined;
  #isWaiting = false;

  constructor(
    source: BlobSource,
    blob: BlobInfo,
    { start, end }: ByteRange,
    retrying: Retrying,
    signal: AbortSignal | undefined,
  ) {
    super(signal);
    this.#source = source;
    this.#blob = blob;
    this.#call = new StoreCall("read", blob.key);
    this.#position = start;
    this.#end = end;
    this.#retrying = retrying;
    this.#timer = setTimeout(() => this.#onTimeout(), retrying.timeoutMs).unref();
  }

  /** Opens the read; rejects if that fails. */
  async begin(): Promise<void> {
    try {
      await this.#open();
      this.signal?.throwIfAborted();
    } catch (error) {
      await this.return();
      throw error;
    }
  }

  protected override async read(): Promise<Uint8Array | undefined> {
    while (!this.isClosed) {
      const current = this.#current ?? (await this.#open());
      if (this.isClosed) return undefined;
      try {
        const { done, value } = await this.#watched(current.next());
        if (!done) {
          this.#position += value.length;
          this.#call.reset();
          return value;
        }
        this.#current = undefined;
        if (this.#position >= this.#end) return undefined;
        throw storeError("broken_off");
      } catch (error) {
        await this.#closeCurrent();
        if (this.isClosed) return undefined; // closing it has cut it off
        await this.#retrying.backOff(error, this.#call, this.signal);
      }
    }
    return undefined;
  }

  protected override async dispose(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.signal?.aborted) this.#attempt.abort(this.signal.reason);
    await this.#closeCurrent();
  }

  async #open(): Promise<AsyncIterator<Uint8Array>> {
    const range = { start: this.#position, end: this.#end };
    const chunks = await this.#retrying.call(
      (attempt) => {
        this.#attempt = attempt;
        return this.#source.open(this.#blob, range, attempt.signal);
      },
      this.#call,
      this.signal,
    );
    const current = chunks[Symbol.asyncIterator]();
    this.#current = current;
    if (this.isClosed) await this.#closeCurrent(); // the source has opened it all the same
    return current;
  }

  /** Counts the time until `promise` settles; before and after that, the read is idle. */
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
    // The result does not matter: the read is opened anew.
    else this.#closeCurrent().catch(() => undefined);
  }

  async #closeCurrent(): Promise<void> {
    const current = this.#current;
    this.#current = undefined;
    await current?.return?.();
  }
}
