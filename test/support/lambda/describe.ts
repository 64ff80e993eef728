import { describeUnless } from "../tools.ts";
import { hasRuntimeClient } from "./lambda-service.ts";

/**
 * `describe` for tests that need Lambda's runtime client. Without it, they are skipped; in CI, one
 * test fails instead.
 */
export function describeWithRuntimeClient(name: string, body: () => void): void {
  const lack = "aws-lambda-ric is not installed in test/lambda; `npm test` installs it";
  describeUnless(hasRuntimeClient() ? undefined : lack, name, body);
}
