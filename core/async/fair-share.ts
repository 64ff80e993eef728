/**
 * Divides a limited amount among everyone who asks for some, so that nobody can take the last of it. The more
 * of it is in use, the less one may hold. Nothing is reserved: a single holder may have most of it.
 */
export class FairShare {
  readonly #ratio: number;
  readonly #held = new Map<string, number>();
  #free: number;

  /**
   * @param total the whole amount; may be `Infinity`
   * @param ratio how much one may hold, as a multiple of what is left: with 4, a single holder gets up to 4/5
   *   of the whole, and two get 4/9 each
   */
  constructor(total: number, ratio: number) {
    this.#free = total;
    this.#ratio = ratio;
  }

  /** The amount that nobody holds. */
  get free(): number {
    return this.#free;
  }

  /** Takes `amount` for `key` unless that is more than its share. Returns whether it did. */
  take(key: string, amount: number): boolean {
    const held = (this.#held.get(key) ?? 0) + amount;
    if (amount > this.#free || held > this.#ratio * this.#free) return false;
    this.#held.set(key, held);
    this.#free -= amount;
    return true;
  }

  /** Gives back an amount that was taken for `key`. */
  give(key: string, amount: number): void {
    const held = (this.#held.get(key) ?? 0) - amount;
    if (held > 0) this.#held.set(key, held);
    else this.#held.delete(key);
    this.#free += amount;
  }
}
