/** Over how long a rate is taken, in milliseconds: short enough to follow, long enough to be calm. */
const WINDOW_MS = 8000;

/** How fast something grows, over the last seconds. Times are in milliseconds, of any clock. */
export class RateMeter {
  readonly #samples: { readonly time: number; readonly bytes: number }[] = [];

  /** States that there were `bytes` at `time`. */
  add(bytes: number, time: number): void {
    this.#samples.push({ bytes, time });
    const first = this.#samples.findIndex((sample) => time - sample.time <= WINDOW_MS);
    this.#samples.splice(0, first);
  }

  /** Bytes a second; `undefined` before there is anything to tell it from. */
  get bytesPerSecond(): number | undefined {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    if (!first || !last || last.time - first.time < 500) return undefined;
    return ((last.bytes - first.bytes) / (last.time - first.time)) * 1000;
  }
}
