import { abortable } from "./abortable.ts";

/** Work that several callers wait for. It is given up when the last of them stops waiting. */
export class SharedWork<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  readonly #givingUp = new AbortController();
  #result: Promise<T> | undefined;
  #waiting = 0;

  /** @param work starts at the first `wait`; must end when its signal aborts */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
  }

  /** Whether the work has been given up, so that `wait` can no longer be called. */
  get isGivenUp(): boolean {
    return this.#givingUp.signal.aborted;
  }

  /** Resolves once the work has ended, however it ends; at once if it never started. */
  async ended(): Promise<void> {
    await Promise.allSettled([this.#result]);
  }

  /** Settles as the work does; rejects at once when `signal` aborts. */
  async wait(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    this.#waiting++;
    try {
      this.#result ??= this.#work(this.#givingUp.signal);
      return await abortable(this.#result, signal);
    } finally {
      this.#waiting--;
      if (this.#waiting === 0) this.#givingUp.abort();
    }
  }
}
