/**
 * Runs a bounded number of actions at a time, and lets the owners of waiting actions take turns: an owner
 * with many of them delays another one by one action in each turn, not by all.
 */
export class FairQueue {
  readonly #concurrency: number;
  /** The waiting actions of each owner. The owner whose turn is next is first. */
  readonly #waiting = new Map<object, (() => void)[]>();
  #active = 0;

  /** @param concurrency number of actions that may run at a time; at least 1 */
  constructor(concurrency: number) {
    this.#concurrency = concurrency;
  }

  /** Number of actions that are running. */
  get activeCount(): number {
    return this.#active;
  }

  /** Number of actions that wait for their turn. */
  get pendingCount(): number {
    let count = 0;
    for (const actions of this.#waiting.values()) count += actions.length;
    return count;
  }

  /** Runs `action` when it is its turn, and settles as it does. */
  async run<T>(owner: object, action: () => Promise<T>): Promise<T> {
    await new Promise<void>((start) => {
      const actions = this.#waiting.get(owner);
      if (actions) actions.push(start);
      else this.#waiting.set(owner, [start]);
      this.#startNext();
    });
    try {
      return await action();
    } finally {
      this.#active--;
      this.#startNext();
    }
  }

  #startNext(): void {
    while (this.#active < this.#concurrency) {
      const [next] = this.#waiting;
      if (!next) return;
      const [owner, actions] = next;
      const start = actions.shift();
      this.#waiting.delete(owner);
      if (actions.length > 0) this.#waiting.set(owner, actions); // behind all others
      if (!start) continue;
      this.#active++;
      start();
    }
  }
}
