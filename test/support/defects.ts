import { expect } from "vitest";
import type { AuditEvent } from "../../core/http/audit.ts";

/**
 * Expects exactly one line about the request `r-1`: it reports a `TypeError` in our code without
 * its message, which contains `a-secret`.
 */
export function expectDefectLogged(events: readonly AuditEvent[]): void {
  expect(events).toMatchObject([
    {
      event: "request_refused",
      status: 500,
      requestId: "r-1",
      failure: { code: "internal", causes: ["TypeError"] },
    },
  ]);
  expect(JSON.stringify(events)).not.toContain("a-secret");
}
