/** A response that was broken off on purpose. Says nothing of why, as the runtime prints it. */
export class BrokenOff extends Error {
  override readonly name = "BrokenOff";
  /** The message alone: where in the code a response is broken off explains nothing. */
  override readonly stack: string;

  constructor() {
    super("The response was broken off. The audit log has the reason.");
    this.stack = this.message;
  }
}

const expected = new WeakSet<Error>();

/**
 * Marks the error of a response stream. The runtime client keeps promises that reject with it and that
 * nobody awaits, which would end the process, and with it a function that is warm.
 */
export function expectRejection(error: Error): void {
  expected.add(error);
}

/** Lets the process outlive rejections with an expected error; any other still ends it. */
export function surviveExpectedRejections(): void {
  process.on("unhandledRejection", (reason) => {
    if (!(reason instanceof Error && expected.has(reason))) throw reason;
  });
}
