import { abortable } from "./abortable.ts";

/** Work that several wait for. It is given up once nobody does any more. */
export class SharedWork<T> {
  readonly #work: (signal: AbortSignal) => Promise<T>;
  readonly #givingUp = new AbortController();
  #result: Promise<T> | undefined;
  #waiting = 0;

  /** @param work begins when somebody waits for it; it ends when its signal aborts */
  constructor(work: (signal: AbortSignal) => Promise<T>) {
    this.#work = work;
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
      this.#result ??= this.#work(this.#givingUp.signal);
      return await abortable(this.#result, signal);
    } finally {
      this.#waiting--;
      if (this.#waiting === 0) this.#givingUp.abort();
    }
  }
}
