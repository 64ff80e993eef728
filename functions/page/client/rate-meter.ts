/** Period over which the rate is measured, in milliseconds: short enough to follow, long enough to be steady. */
const WINDOW_MS = 8000;

/** Measures how fast something has grown over the last seconds. Times are in milliseconds, of any clock. */
export class RateMeter {
  readonly #samples: { readonly time: number; readonly bytes: number }[] = [];

  /** Records that there were `bytes` at `time`. */
  add(bytes: number, time: number): void {
    this.#samples.push({ bytes, time });
    const first = this.#samples.findIndex((sample) => time - sample.time <= WINDOW_MS);
    this.#samples.splice(0, first);
  }

  /** Bytes per second; `undefined` until there are enough samples. */
  get bytesPerSecond(): number | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || last.time - first.time < 500) return undefined;
    return ((last.bytes - first.bytes) / (last.time - first.time)) * 1000;
  }
}
