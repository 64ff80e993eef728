import { Writable } from "node:stream";
import { pino } from "pino";
import { describe, expect, test } from "vitest";
import { type AuditEvent, describeFailure } from "../../../core/http/audit.ts";
import { type StoreFailure, storeError } from "../../../core/source/store-errors.ts";
import { createAudit } from "../../../functions/observability/log.ts";

/** Returns the line that the audit writes for an event. */
function lineOf(event: AuditEvent): Record<string, unknown> {
  const lines: string[] = [];
  const output = new Writable({
    write(chunk, _, done) {
      lines.push(String(chunk));
      done();
    },
  });
  createAudit(pino({ formatters: { level: (level) => ({ level }) } }, output))(event);
  expect(lines).toHaveLength(1);
  return JSON.parse(lines[0] ?? "") as Record<string, unknown>;
}

const refused = (failure: StoreFailure, status: number, cause?: Error): AuditEvent => ({
  event: "request_refused",
  status,
  failure: describeFailure(storeError(failure, cause)),
});

class AccessDenied extends Error {
  override readonly name = "AccessDenied";
}

describe("the severity of a refusal", () => {
  test.each<[StoreFailure, number, string]>([
    ["not_found", 404, "info"],
    ["changed", 409, "info"],
    ["denied", 404, "warn"],
    ["link_leads_out", 404, "warn"],
    ["archived", 404, "warn"],
    ["no_credentials", 503, "warn"],
    ["no_bucket", 503, "warn"],
    ["unavailable", 503, "warn"],
    ["corrupt", 502, "warn"],
    ["timeout", 504, "warn"],
  ])("for %s with status %i is %s", (failure, status, level) => {
    expect(lineOf(refused(failure, status))).toMatchObject({ level, status });
  });

  test("for a defect is error", () => {
    const failure = describeFailure(new TypeError("x"));
    expect(lineOf({ event: "request_refused", status: 500, failure })).toMatchObject({
      level: "error",
      failure: { code: "internal" },
    });
  });
});

test("a denial is logged with its reason and the store's class of it, and with no key", () => {
  const cause = new AccessDenied("no access to private-name");
  const line = lineOf(refused("wrong_credentials", 503, cause));
  expect(line).toMatchObject({
    failure: { code: "denied", reason: "wrong_credentials", causes: ["AccessDenied"] },
  });
  expect(JSON.stringify(line)).not.toContain("private-name");
});
