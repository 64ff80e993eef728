import fc from "fast-check";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { parseHttpDate } from "../../../core/input/http-date.ts";
import { parseRetryAfter } from "../../../core/input/retry-after.ts";

/** The instant in the examples of RFC 9110, 5.6.7. */
const example = Date.UTC(1994, 10, 6, 8, 49, 37);

describe("an HTTP date", () => {
  test.each([
    ["IMF-fixdate", "Sun, 06 Nov 1994 08:49:37 GMT", example],
    ["rfc850-date", "Sunday, 06-Nov-94 08:49:37 GMT", example],
    ["asctime-date", "Sun Nov  6 08:49:37 1994", example],
    ["asctime-date of two digits", "Wed Nov 16 08:49:37 1994", Date.UTC(1994, 10, 16, 8, 49, 37)],
    ["a leap day", "Thu, 29 Feb 2024 23:59:59 GMT", Date.UTC(2024, 1, 29, 23, 59, 59)],
    ["a leap second", "Sat, 31 Dec 2016 23:59:60 GMT", Date.UTC(2017, 0, 1)],
    ["a year below 100", "Sat, 01 Jan 0024 00:00:00 GMT", Date.parse("0024-01-01T00:00:00Z")],
  ])("%s", (_, value, time) => {
    vi.stubEnv("TZ", "Asia/Kolkata");
    onTestFinished(() => void vi.unstubAllEnvs());
    expect(parseHttpDate(value)).toBe(time);
  });

  test.each([
    undefined,
    null,
    "",
    "1",
    "0",
    "94",
    "yesterday",
    "784111777",
    "1994-11-06T08:49:37Z",
    "06 Nov 1994",
    "06 Nov 1994 08:49:37 GMT",
    "Sun, 06 Nov 1994 08:49:37",
    "Sun, 06 Nov 1994 08:49:37 UTC",
    "Sun, 06 Nov 1994 08:49:37 +0000",
    "Sun, 06 Nov 1994 08:49:37 GMT+1",
    "Sun, 06 Nov 1994 08:49:37 GMT ",
    "sun, 06 nov 1994 08:49:37 gmt",
    "Sun, 6 Nov 1994 08:49:37 GMT",
    "Sun, 00 Nov 1994 08:49:37 GMT",
    "Sun, 31 Nov 1994 08:49:37 GMT",
    "Wed, 29 Feb 2023 08:49:37 GMT",
    "Sun, 06 Nov 1994 24:00:00 GMT",
    "Sun, 06 Nov 1994 08:60:00 GMT",
    "Sun, 06 Nov 1994 08:49:61 GMT",
    "Sunday, 06-Nov-1994 08:49:37 GMT",
    "Sun Nov 6 08:49:37 1994",
    "Sun Nov 06 08:49:37 1994 GMT",
  ])("%j is not one", (value) => {
    expect(parseHttpDate(value)).toBeUndefined();
  });

  test("is parsed back from JavaScript's own format", () => {
    const max = Date.UTC(9999, 11, 31);
    fc.assert(
      fc.property(
        fc.date({ min: new Date(0), max: new Date(max), noInvalidDate: true }),
        (date) => {
          const seconds = Math.floor(date.getTime() / 1000) * 1000;
          expect(parseHttpDate(date.toUTCString())).toBe(seconds);
        },
      ),
    );
  });

  test.each([
    ["2026-01-01", "00", 2000],
    ["2026-01-01", "26", 2026],
    ["2026-01-01", "75", 2075],
    ["2026-01-01", "76", 1976],
    ["2026-12-31", "76", 2076],
    ["2026-12-31", "77", 1977],
    ["2060-06-01", "05", 2105],
    ["2060-06-01", "20", 2020],
    ["1999-06-01", "49", 2049],
    ["1999-06-01", "50", 1950],
  ])("with the two-digit year: in %s, %s means %i", (now, digits, year) => {
    const value = `Monday, 01-Jun-${digits} 00:00:00 GMT`;
    expect(parseHttpDate(value, Date.parse(now))).toBe(Date.UTC(year, 5, 1));
  });

  test("with a leap day in a two-digit year is of the century that has that day", () => {
    const value = "Tuesday, 29-Feb-00 00:00:00 GMT";
    expect(parseHttpDate(value, Date.UTC(2060, 0))).toBe(Date.UTC(2000, 1, 29));
  });
});

describe("Retry-After", () => {
  const date = "Thu, 29 Feb 2024 12:34:57 GMT";
  test.each<[string | null | undefined, string | undefined, number | undefined]>([
    ["0", undefined, 0],
    ["1", undefined, 1000],
    ["120", date, 120_000],
    ["9".repeat(400), undefined, 2 ** 31 * 1000],
    ["Thu, 29 Feb 2024 12:35:57 GMT", date, 60_000],
    ["Thursday, 29-Feb-24 12:35:57 GMT", date, 60_000],
    ["Thu Feb 29 12:35:57 2024", date, 60_000],
    ["Thu, 29 Feb 2024 12:34:56 GMT", date, 0],
    ["Thu, 29 Feb 2024 12:35:57 GMT", undefined, 0],
    ["Thu, 29 Feb 2024 12:35:57 GMT", "1", 0],
    [undefined, date, undefined],
    [null, date, undefined],
    ["", date, undefined],
    ["soon", date, undefined],
    ["-5", date, undefined],
    ["1.5", date, undefined],
    ["1e9", date, undefined],
    ["Infinity", date, undefined],
    ["2024-02-29T12:35:57Z", date, undefined],
  ])("%j, at %s, asks for %j ms", (value, now, ms) => {
    expect(parseRetryAfter(value, now)).toBe(ms);
  });
});
