import { describe, expect, test } from "vitest";
import { ZiplinkError } from "../../../core/errors.ts";
import { describeProblem } from "../../../core/http/problem.ts";
import { isMissing } from "../../../core/planning/missing-report.ts";
import { storeCodeOfStatus, storeError } from "../../../core/source/store-errors.ts";

const codes = [
  "not_found",
  "denied",
  "changed",
  "throttled",
  "unavailable",
  "timeout",
  "corrupt",
] as const;

describe("a store's error", () => {
  test.each(codes)("%s has its code, its cause and a sentence", (code) => {
    const cause = new Error("private-name");
    const error = storeError(code, cause, { retryAfterMs: 5 });
    expect(error).toBeInstanceOf(ZiplinkError);
    expect(error).toMatchObject({ code, cause, retryAfterMs: 5 });
    expect(error.message).toMatch(/^[A-Z].*\.$/);
    expect(error.message).not.toContain("private-name");
    expect("cause" in storeError(code)).toBe(false);
  });

  test("says what to do to the person who can do something", () => {
    for (const code of ["changed", "throttled", "unavailable", "timeout"] as const) {
      expect(storeError(code).message).toMatch(/Try again/);
    }
    expect(storeError("denied").message).toContain("Check");
  });

  test.each([
    ["redirected", "denied"],
    ["link_leads_out", "denied"],
    ["link_in_circle", "denied"],
    ["dangling_link", "denied"],
    ["name_not_utf8", "denied"],
    ["too_deep", "denied"],
    ["too_many_folders", "denied"],
    ["too_many_links", "denied"],
    ["key_leads_out", "denied"],
    ["down", "unavailable"],
    ["broken_off", "unavailable"],
    ["other_range", "unavailable"],
    ["wrong_length", "corrupt"],
    ["wrong_checksum", "corrupt"],
    ["no_length", "corrupt"],
    ["no_version", "corrupt"],
    ["no_range", "corrupt"],
  ] as const)("%s is one of %s, in words of its own", (failure, code) => {
    const error = storeError(failure);
    expect(error.code).toBe(code);
    expect(error.message).not.toBe(storeError(code).message);
  });

  test("a denied object is indistinguishable from a missing one", () => {
    const missing = describeProblem(storeError("not_found"));
    for (const failure of ["denied", "redirected", "link_leads_out"] as const) {
      expect(describeProblem(storeError(failure, new Error("why")))).toEqual(missing);
    }
  });
});

describe("a failure of the service's own set-up", () => {
  test.each([
    ["no_credentials", "denied"],
    ["wrong_credentials", "denied"],
    ["wrong_region", "denied"],
    ["no_bucket", "not_found"],
    ["no_folder", "not_found"],
  ] as const)(
    "%s, which is %s, is told to clients as the store's, not as a missing object",
    (failure, code) => {
      const error = storeError(failure, new Error("why"));
      expect(error).toMatchObject({ code, reason: failure });
      expect(describeProblem(error)).toEqual(describeProblem(storeError("unavailable")));
      expect(describeProblem(error)).toMatchObject({ status: 503, code: "unavailable" });
    },
  );

  test("does not count as a missing entry", () => {
    expect(isMissing(storeError("denied"))).toBe(true);
    expect(isMissing(storeError("no_credentials"))).toBe(false);
    expect(isMissing(storeError("no_bucket"))).toBe(false);
  });
});

test.each([
  [200, "corrupt"],
  [204, "corrupt"],
  [301, "denied"],
  [304, "corrupt"],
  [307, "denied"],
  [400, "corrupt"],
  [401, "denied"],
  [403, "denied"],
  [404, "not_found"],
  [405, "corrupt"],
  [407, "denied"],
  [408, "timeout"],
  [409, "unavailable"],
  [410, "not_found"],
  [412, "changed"],
  [416, "changed"],
  [425, "unavailable"],
  [429, "throttled"],
  [451, "denied"],
  [500, "unavailable"],
  [501, "corrupt"],
  [511, "denied"],
  [503, "unavailable"],
  [504, "timeout"],
  [520, "unavailable"],
])("status %i is %s", (status, code) => {
  expect(storeCodeOfStatus(status)).toBe(code);
});
