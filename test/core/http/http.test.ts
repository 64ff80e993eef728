import { describe, expect, test } from "vitest";
import { checkPreconditions, rangeIsCurrent } from "../../../core/http/conditions.ts";
import { parseRange } from "../../../core/http/range.ts";
import { downloadName } from "../../../core/http/respond.ts";

describe("Range (RFC 9110, 14.2)", () => {
  test.each([
    [null, undefined],
    ["bytes=0-1", { start: 0, end: 2 }],
    ["bytes=0-", { start: 0, end: 100 }],
    ["bytes=99-", { start: 99, end: 100 }],
    ["bytes=10-999999999999999999999", { start: 10, end: 100 }],
    ["bytes=-1", { start: 99, end: 100 }],
    ["bytes=-1000", { start: 0, end: 100 }],
    ["BYTES=5-5", { start: 5, end: 6 }],
    ["bytes=100-", "unsatisfiable"],
    ["bytes=100-200", "unsatisfiable"],
    ["bytes=-0", "unsatisfiable"],
    ["bytes=5-4", undefined],
    ["bytes=-", undefined],
    ["bytes=", undefined],
    ["bytes=a-b", undefined],
    ["bytes=1.5-2", undefined],
    ["bytes=0-1,5-6", undefined],
    ["lines=0-1", undefined],
    ["0-1", undefined],
  ])("%j of 100 bytes", (header, expected) => {
    expect(parseRange(header, 100)).toEqual(expected);
  });
});

describe("preconditions (RFC 9110, 13)", () => {
  const current = {
    etag: '"now"',
    lastModified: new Date("2024-05-01T12:00:00Z"),
    isDateStrong: true,
  };
  const at = "Wed, 01 May 2024 12:00:00 GMT";
  const before = "Wed, 01 May 2024 11:59:59 GMT";
  const after = "Wed, 01 May 2024 12:00:01 GMT";

  test.each<[Record<string, string>, 412 | 304 | undefined]>([
    [{}, undefined],
    [{ "If-Match": '"now"' }, undefined],
    [{ "If-Match": '"old", "now"' }, undefined],
    [{ "If-Match": "*" }, undefined],
    [{ "If-Match": '"old"' }, 412],
    [{ "If-Match": 'W/"now"' }, 412],
    [{ "If-Unmodified-Since": at }, undefined],
    [{ "If-Unmodified-Since": after }, undefined],
    [{ "If-Unmodified-Since": before }, 412],
    [{ "If-Unmodified-Since": "yesterday" }, undefined],
    [{ "If-Match": '"now"', "If-Unmodified-Since": before }, undefined],
    [{ "If-None-Match": '"now"' }, 304],
    [{ "If-None-Match": 'W/"now"' }, 304],
    [{ "If-None-Match": '"a", "now"' }, 304],
    [{ "If-None-Match": "*" }, 304],
    [{ "If-None-Match": '"old"' }, undefined],
    [{ "If-Modified-Since": at }, 304],
    [{ "If-Modified-Since": after }, 304],
    [{ "If-Modified-Since": before }, undefined],
    [{ "If-Modified-Since": "Wednesday, 01-May-24 12:00:00 GMT" }, 304],
    [{ "If-Modified-Since": "Wed May  1 12:00:00 2024" }, 304],
    [{ "If-Modified-Since": "Wed May  1 11:59:59 2024" }, undefined],
    [{ "If-Modified-Since": "2024-05-01T12:00:00Z" }, undefined],
    [{ "If-Modified-Since": "9999" }, undefined],
    [{ "If-Unmodified-Since": "1" }, undefined],
    [{ "If-None-Match": '"old"', "If-Modified-Since": at }, undefined],
    [{ "If-Match": '"old"', "If-None-Match": '"now"' }, 412],
  ])("%j", (headers, expected) => {
    expect(checkPreconditions(new Headers(headers), current)).toBe(expected);
  });

  test("by date are ignored if the date does not change with the archive", () => {
    const weak = { ...current, isDateStrong: false };
    for (const name of ["If-Modified-Since", "If-Unmodified-Since"]) {
      for (const date of [before, at, after]) {
        expect(checkPreconditions(new Headers({ [name]: date }), weak)).toBeUndefined();
      }
    }
    expect(rangeIsCurrent(new Headers({ "If-Range": at }), weak)).toBe(false);
    expect(rangeIsCurrent(new Headers({ "If-Range": '"now"' }), weak)).toBe(true);
  });

  test.each([
    [undefined, true],
    ['"now"', true],
    ['"old"', false],
    ['W/"now"', false],
    [at, true],
    [before, false],
    [after, false],
    ["Wed May  1 12:00:00 2024", true],
    ["2024-05-01T12:00:00Z", false],
    ["now", false],
  ])("If-Range %j", (value, expected) => {
    const headers = new Headers(value === undefined ? {} : { "If-Range": value });
    expect(rangeIsCurrent(headers, current)).toBe(expected);
  });
});

test.each([
  [undefined, "archive.zip"],
  ["photos", "photos.zip"],
  ["photos.zip", "photos.zip"],
  ["photos.ZIP", "photos.zip"],
  ["../../etc/passwd", ".._.._etc_passwd.zip"],
  ['a"b\r\nSet-Cookie: x', "a_b__Set-Cookie_ x.zip"],
  ["Änderungen 2024", "Änderungen 2024.zip"],
  ["CON", "_CON.zip"],
  ["ü".repeat(200), `${"ü".repeat(98)}.zip`],
  ["漢".repeat(200), `${"漢".repeat(65)}.zip`],
  ["👩‍👩‍👧".repeat(60), `${"👩‍👩‍👧".repeat(10)}.zip`],
  ["a".repeat(200), `${"a".repeat(196)}.zip`],
])("the download of %j is named %j", (name, expected) => {
  expect(downloadName(name)).toBe(expected);
});
