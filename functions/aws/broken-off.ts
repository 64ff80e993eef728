/** Thrown for a response that was broken off on purpose. Does not say why, because the runtime prints it. */
export class BrokenOff extends Error {
  override readonly name = "BrokenOff";
  /** The message alone: the place in the code where a response is broken off explains nothing. */
  override readonly stack: string;

  constructor() {
    super("The response was broken off. The audit log has the reason.");
    this.stack = this.message;
  }
}

const expected = new WeakSet<Error>();

/**
 * Marks the error of a response stream as expected. The runtime client keeps promises that reject with
 * it and are never awaited; their rejection would end the process, and with it a warm function.
 */
export function expectRejection(error: Error): void {
  expected.add(error);
}

/** Keeps unhandled rejections with an expected error from ending the process; any other still ends it. */
export function surviveExpectedRejections(): void {
  process.on("unhandledRejection", (reason) => {
    if (!(reason instanceof Error && expected.has(reason))) throw reason;
  });
}
