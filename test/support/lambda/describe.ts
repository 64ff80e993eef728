import { describe, test } from "vitest";
import { isCi } from "../tools.ts";
import { hasRuntimeClient } from "./lambda-service.ts";

/**
 * `describe` for tests that need Lambda's runtime client. Without it, they are skipped; in CI, one
 * test fails instead.
 */
export function describeWithRuntimeClient(name: string, body: () => void): void {
  if (hasRuntimeClient()) {
    describe(name, body);
  } else if (isCi()) {
    describe(name, () => {
      test("has its runtime client", () => {
        throw new Error("aws-lambda-ric is not installed in test/lambda; `npm test` installs it");
      });
    });
  } else {
    describe.skip(`${name} (aws-lambda-ric is not installed in test/lambda)`, body);
  }
}
