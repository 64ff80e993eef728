import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkRange, parseContentRange } from "../../../core/input/content-range.ts";

describe("Content-Range", () => {
  test.each([
    ["bytes 0-0/1", { start: 0, end: 1, size: 1 }],
    ["bytes 10-19/100", { start: 10, end: 20, size: 100 }],
    ["Bytes 10-99/100", { start: 10, end: 100, size: 100 }],
    [
      "bytes 0-9007199254740990/9007199254740991",
      { start: 0, end: 2 ** 53 - 1, size: 2 ** 53 - 1 },
    ],
  ])("%j is read", (value, expected) => {
    expect(parseContentRange(value)).toEqual(expected);
  });

  test.each([
    undefined,
    null,
    "",
    "bytes",
    "bytes */100",
    "bytes 10-19/*",
    "bytes 19-10/100",
    "bytes 10-100/100",
    "bytes 10-19/0",
    "bytes 0-9007199254740991/9007199254740992",
    "bytes=10-19/100",
    "bytes 10-19",
    "bytes 10-/100",
    "bytes -19/100",
    "bytes 1e1-19/100",
    "bytes 10-19/100, 30-39/100",
    "lines 10-19/100",
    " bytes 10-19/100",
  ])("%j is none", (value) => {
    expect(parseContentRange(value)).toBeUndefined();
  });
});

describe("an answer to bytes 10-19 of 100", () => {
  const asked = { start: 10, end: 20, size: 100 };
  test.each([
    ["bytes 10-19/100", 20],
    ["bytes 10-10/100", 11],
    ["bytes 10-18/100", 19],
    ["bytes 10-20/100", "other_range"],
    ["bytes 9-19/100", "other_range"],
    ["bytes 11-19/100", "other_range"],
    ["bytes 0-99/100", "other_range"],
    ["bytes 10-19/101", "other_size"],
    ["bytes 10-19/20", "other_size"],
    ["bytes 10-19/*", "unstated"],
    [undefined, "unstated"],
  ])("%j: %s", (value, expected) => {
    expect(checkRange(parseContentRange(value), asked)).toBe(expected);
  });

  test("fits just where it begins as asked and has nothing behind it", () => {
    const range = fc
      .tuple(fc.nat(50), fc.nat(50))
      .map(([a, b]) => ({ start: Math.min(a, b), end: Math.max(a, b) + 1, size: 60 }));
    fc.assert(
      fc.property(range, range, (stated, wanted) => {
        const { start, end, size } = stated;
        const value = `bytes ${start}-${end - 1}/${size}`;
        const fits = start === wanted.start && end <= wanted.end;
        expect(checkRange(parseContentRange(value), wanted)).toBe(fits ? end : "other_range");
      }),
    );
  });
});
