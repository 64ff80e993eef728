import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/** A line of the audit log. */
export type AuditLine = Readonly<Record<string, unknown>> & { readonly message: string };

/** The lines that processes print, for tests that wait for them. */
export class PrintedLines {
  readonly #printed: string[] = [];
  readonly #lines: AuditLine[] = [];
  readonly #waiting = new Set<() => void>();
  readonly #ended = Promise.withResolvers<never>();

  constructor() {
    this.#ended.promise.catch(() => undefined); // reported to those that wait
  }

  /** Reads `streams` as well. Resolves when all of them have closed. */
  async read(...streams: readonly Readable[]): Promise<void> {
    const inputs = streams.map((input) => createInterface({ input }));
    for (const input of inputs) input.on("line", (line) => this.#add(line));
    await Promise.all(inputs.map((input) => once(input, "close")));
  }

  /**
   * Must be called when nothing more will be printed. Rejects every wait with all that was printed.
   */
  end(): void {
    this.#ended.reject(new Error(`the service exited:\n${this.text()}`));
  }

  /** Returns everything that was printed. */
  text(): string {
    return this.#printed.join("\n");
  }

  /** Resolves with the result of `find` once it is defined. `find` is called for each new line. */
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

  /** Resolves with the match of `pattern` in everything printed, once there is one. */
  printed(pattern: RegExp): Promise<RegExpExecArray> {
    return this.waitFor(() => pattern.exec(this.text()) ?? undefined);
  }

  /** Resolves with the first audit line not yet returned that `matches`, once it is written. */
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
