import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A line that the audit log wrote. */
export type AuditLine = Readonly<Record<string, unknown>> & { readonly message: string };

/** What processes print, line by line, for those who wait for it. */
export class PrintedLines {
  readonly #printed: string[] = [];
  readonly #lines: AuditLine[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #ended = Promise.withResolvers<never>();

  constructor() {
    this.#ended.promise.catch(() => undefined); // told to those who wait
  }

  /** Reads `streams` too. Resolves when all have closed. */
  async read(...streams: readonly Readable[]): Promise<void> {
    const inputs = streams.map((input) => createInterface({ input }));
    for (const input of inputs) input.on("line", (line) => this.#add(line));
    await Promise.all(inputs.map((input) => once(input, "close")));
  }

  /** There is nothing more to come: whoever waits is told so, with all that was printed. */
  end(): void {
    this.#ended.reject(new Error(`the service ended:\n${this.text()}`));
  }

  /** All that was printed. */
  text(): string {
    return this.#printed.join("\n");
  }

  /** What `find` finds, once it does. It is called for each line that comes. */
  async waitFor<T>(find: () => T | undefined): Promise<T> {
    const found = Promise.withResolvers<T>();
    const check = () => {
      const value = find();
      if (value === undefined) return;
      this.#waiting.delete(check);
      found.resolve(value);
    };
    this.#waiting.add(check);
    check();
    try {
      return await Promise.race([found.promise, this.#ended.promise]);
    } finally {
      this.#waiting.delete(check);
    }
  }

  /** What `pattern` finds in all that was printed; waits until it is there. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return this.waitFor(() => pattern.exec(this.text()) ?? undefined);
  }

  /** The first audit line, of those not handed out yet, that `matches`; waits for it to be written. */
  nextLine(matches: (line: AuditLine) => boolean): Promise<AuditLine> {
    return this.waitFor(() => {
      const index = this.#lines.findIndex(matches);
      return index < 0 ? undefined : this.#lines.splice(index, 1)[0];
    });
  }

  #add(line: string): void {
    this.#printed.push(line);
    if (line.startsWith("{")) this.#lines.push(JSON.parse(line) as AuditLine);
    for (const check of this.#waiting) check();
  }
}
