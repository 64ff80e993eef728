import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isPassing, isPassingStatus, retryDelay } from "../../../core/async/retry.ts";
import { type ErrorCode, statusByCode, ZiplinkError } from "../../../core/errors.ts";
import { storeCodeOfStatus, storeError } from "../../../core/source/store-errors.ts";

describe("the wait before another attempt", () => {
  const backoff = { firstMs: 100, maxMs: 5_000, maxAskedMs: 30_000 };

  test.each([
    [0, 50, 100],
    [1, 50, 100],
    [2, 100, 200],
    [3, 200, 400],
    [6, 1_600, 3_200],
    [7, 2_500, 5_000],
    [8, 2_500, 5_000],
    [5_000, 2_500, 5_000],
  ])("after %i failures is from %i to %i ms, by chance", (failures, least, most) => {
    expect(retryDelay(failures, undefined, backoff, 0)).toBe(least);
    expect(retryDelay(failures, undefined, backoff, 0.5)).toBe((least + most) / 2);
    expect(retryDelay(failures, undefined, backoff, 1)).toBe(most);
  });

  test.each([
    [0, 50, 100],
    [10, 50, 100],
    [7_000, 7_000, 7_050],
    [30_000, 30_000, 30_050],
  ])("asked for as %i ms is from %i to %i ms, by chance", (asked, least, most) => {
    expect(retryDelay(1, asked, backoff, 0)).toBe(least);
    expect(retryDelay(1, asked, backoff, 1)).toBe(most);
  });

  test.each([30_001, 3_600_000, 2 ** 31 * 1000, Infinity])(
    "that is asked for as %d ms is too long",
    (asked) => {
      expect(retryDelay(1, asked, backoff)).toBeUndefined();
    },
  );

  test("is never shorter than asked for, nor longer than both together", () => {
    const ms = fc.nat({ max: 60_000 });
    fc.assert(
      fc.property(fc.nat(2_000), ms, ms, ms, (failures, asked, firstMs, maxMs) => {
        const wait = retryDelay(failures, asked, { firstMs, maxMs, maxAskedMs: 60_000 }) ?? -1;
        expect(wait).toBeGreaterThanOrEqual(asked);
        expect(wait).toBeLessThanOrEqual(Math.max(asked, maxMs) + maxMs);
      }),
    );
  });

  test("differs between calls that failed together", () => {
    const waits = Array.from({ length: 20 }, () => retryDelay(3, 5_000, backoff));
    expect(new Set(waits).size).toBeGreaterThan(1);
  });
});

describe("what passes by itself", () => {
  const passing = ["throttled", "unavailable", "timeout"];

  test.each(Object.keys(statusByCode) as ErrorCode[])("%s, of a store", (code) => {
    expect(isPassing(new ZiplinkError(code, "words"))).toBe(passing.includes(code));
  });

  test("no defect, and nothing that is no error of ours", () => {
    for (const thrown of [new TypeError("a defect"), { code: "timeout" }, "timeout", undefined]) {
      expect(isPassing(thrown)).toBe(false);
    }
  });

  test.each([
    [400, false],
    [401, false],
    [403, false],
    [404, false],
    [408, true],
    [409, true],
    [410, false],
    [412, false],
    [413, false],
    [416, false],
    [425, true],
    [429, true],
    [451, false],
    [500, true],
    [502, true],
    [503, true],
    [504, true],
    [501, false],
    [505, false],
    [506, false],
    [507, true],
    [508, false],
    [510, false],
    [511, false],
    [524, true],
  ])("status %i: %s", (status, expected) => {
    expect(isPassingStatus(status)).toBe(expected);
  });

  test("a status does if the store error that it becomes does", () => {
    for (let status = 300; status < 600; status++) {
      const error = storeError(storeCodeOfStatus(status));
      expect(isPassing(error), String(status)).toBe(isPassingStatus(status));
    }
  });
});
