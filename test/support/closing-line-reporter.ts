import type { Reporter, TestModule, Vitest } from "vitest/node";

/**
 * Ends the output of a run with one plain line, `N passed, N failed` and, if there are any, `, N
 * skipped`, so that a program or a glance can read the outcome.
 *
 * It counts tests. A failure outside a test (a file that does not load, a hook, an unhandled error)
 * counts as one failure each. Anything else that makes the run fail (no test found, a coverage
 * threshold, a failed teardown) counts as at least one. A test that the run did not reach or did
 * not finish counts as skipped.
 */
export default class ClosingLineReporter implements Reporter {
  #counts = { passed: 0, failed: 0, skipped: 0, pending: 0 };

  /**
   * Prints when the process exits: until then, other reporters, coverage and teardown may print.
   */
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
