import type { Reporter, TestModule, Vitest } from "vitest/node";

/**
 * Ends the run's output with one plain line, `N passed, N failed` and, where there are any,
 * `, N skipped`, for a program or a glance to take the outcome from.
 *
 * It counts tests. What fails outside of one (a file that does not load, a hook, an unhandled
 * error) counts as one failure each, and whatever else makes the run fail (no test found, a
 * coverage threshold, a failed teardown) as at least one. A test that the run never came to, or
 * never saw the end of, is skipped.
 */
export default class ClosingLineReporter implements Reporter {
  #counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };

  /** Prints at the process's exit: until then other reporters, coverage and teardown may print. */
  onInit(vitest: Vitest): void {
    process.once("exit", (code) => {
      const { passed } = this.#counts;
      const failed = Math.max(this.#counts.failed, code === 0 ? 0 : 1);
      const skipped = this.#counts.skipped + this.#counts.pending;
      const line = `${passed} passed, ${failed} failed`;
      vitest.logger.log(skipped === 0 ? line : `${line}, ${skipped} skipped`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    this.#counts = { passed: 0, failed: unhandledErrors.length, skipped: 0, pending: 0 };
    for (const module of modules) {
      for (const suite of [module, ...module.children.allSuites()]) {
        this.#counts.failed += suite.errors().length;
      }
      for (const test of module.children.allTests()) this.#counts[test.result().state] += 1;
    }
  }
}
