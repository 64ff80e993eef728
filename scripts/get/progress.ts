import { formatBytes } from "../../core/input/quantities.ts";

/** The interval between updates on a terminal, and elsewhere. Milliseconds. */
const TERMINAL_MS = 200;
const PLAIN_MS = 5_000;

/** The rate is measured over this many milliseconds. */
const RATE_WINDOW_MS = 10_000;

/** Where progress is shown: standard error, so that standard output stays empty. */
export interface ProgressOutput {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

/**
 * Shows the progress of a download: bytes, rate, time remaining. On a terminal, it overwrites one
 * line; elsewhere, it prints a plain line every few seconds.
 */
export class Progress {
  readonly #output: ProgressOutput;
  readonly #total: number;
  readonly #now: () => number;
  readonly #samples: { readonly time: number; readonly bytes: number }[] = [];
  #shown = Number.NEGATIVE_INFINITY;

  /** @param now returns milliseconds of a monotonic clock */
  constructor(output: ProgressOutput, total: number, now = () => performance.now()) {
    this.#output = output;
    this.#total = total;
    this.#now = now;
  }

  /** @param bytes downloaded so far, including those of earlier runs */
  update(bytes: number): void {
    const time = this.#now();
    this.#samples.push({ time, bytes });
    while ((this.#samples[0]?.time ?? time) < time - RATE_WINDOW_MS) this.#samples.shift();
    if (time - this.#shown < (this.#output.isTTY ? TERMINAL_MS : PLAIN_MS)) return;
    this.#shown = time;
    this.#show(bytes);
  }

  /** Shows the final state. */
  finish(bytes: number): void {
    this.#show(bytes);
    if (this.#output.isTTY) this.#output.write("\n");
  }

  #show(bytes: number): void {
    const line = this.#describe(bytes);
    // Returns to the start of the line and erases the rest of a longer one (ECMA-48, EL).
    this.#output.write(this.#output.isTTY ? `\r${line}\u001b[K` : `${line}\n`);
  }

  #describe(bytes: number): string {
    const percent = this.#total === 0 ? 100 : Math.floor((bytes / this.#total) * 100);
    const amount = `${percent}%  ${formatBytes(bytes)} of ${formatBytes(this.#total)}`;
    const [first] = this.#samples;
    const seconds = ((this.#samples.at(-1)?.time ?? 0) - (first?.time ?? 0)) / 1000;
    const rate = seconds > 0 ? (bytes - (first?.bytes ?? 0)) / seconds : 0;
    if (rate <= 0) return amount;
    const left = formatDuration((this.#total - bytes) / rate);
    return `${amount}  ${formatBytes(rate)}/s  ${left} left`;
  }
}

/** Returns "45 s", "3 min 20 s" or "2 h 5 min". */
export function formatDuration(seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return `${s} s`;
  if (s < 3600) return `${Math.floor(s / 60)} min ${s % 60} s`;
  return `${Math.floor(s / 3600)} h ${Math.floor((s % 3600) / 60)} min`;
}
