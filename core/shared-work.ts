import { abortable } from "./abortable.ts";

/** Work that several wait for. It is given up once nobody does any more. */
export class SharedWork<T> {
  readonly #result: Promise<T>;
  readonly #givingUp = new AbortController();
  #waiting = 0;

  /** @param work begins at once; it ends when its signal aborts */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#result = work(this.#givingUp.signal);
    this.#result.catch(() => undefined); // who waits is told; if nobody does, it does not matter
  }

  /** Whether it has been given up, so that nobody can wait for it any more. */
  get isGivenUp(): boolean {
    return this.#givingUp.signal.aborted;
  }

  /** What the work comes to; rejects at once when `signal` aborts. */
  async wait(signal?: AbortSignal): Promise<T> {
    signal?.throwIfAborted();
    this.#waiting++;
    try {
      return await abortable(this.#result, signal);
    } finally {
      this.#waiting--;
      if (this.#waiting === 0) this.#givingUp.abort();
    }
  }
}
