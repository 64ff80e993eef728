import { setTimeout as sleep } from "node:timers/promises";

/** Wakes those who wait for something to happen to what an id names. */
export class Wakers {
  readonly #waiting = new Map<string, Set<() => void>>();

  /** Resolves when `wake` is called for the id, or after a while. Rejects once `signal` aborts. */
  async wait(id: string, milliseconds: number, signal: AbortSignal): Promise<void> {
    const waking = new AbortController();
    const waiting = this.#waiting.get(id) ?? new Set();
    this.#waiting.set(id, waiting);
    const wake = () => waking.abort();
    waiting.add(wake);
    try {
      const either = AbortSignal.any([signal, waking.signal]);
      await sleep(milliseconds, undefined, { signal: either }).catch(() => undefined);
      signal.throwIfAborted();
    } finally {
      waiting.delete(wake);
      if (waiting.size === 0) this.#waiting.delete(id);
    }
  }

  /** Wakes all who wait. */
  wake(id: string): void {
    for (const wake of this.#waiting.get(id) ?? []) wake();
  }
}
