/** Lets one task wait until another one has news for it. Only one task may wait at a time. */
export class Wakeup {
  #wake: () => void = () => undefined;

  /** Ends the wait in progress, if there is one. */
  wake(): void {
    this.#wake();
  }

  /** Resolves when `wake` is next called. */
  wait(): Promise<undefined>;
  /** Settles as `promise` does, or with `undefined` if `wake` is called before. */
  wait<T>(promise: Promise<T>): Promise<T | undefined>;
  wait<T>(promise?: Promise<T>): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#wake = () => resolve(undefined);
      promise?.then(resolve, reject);
    });
  }
}
