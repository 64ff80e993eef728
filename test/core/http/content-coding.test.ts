import { expect, test } from "vitest";
import { chooseCoding } from "../../../core/http/content-coding.ts";

test.each([
  [null, "identity"],
  ["", "identity"],
  ["gzip, deflate, br, zstd", "br"],
  ["gzip, deflate", "gzip"],
  ["br;q=0.2, gzip;q=0.8", "gzip"],
  ["br;q=0, gzip;q=0", "identity"],
  ["*", "br"],
  ["br;q=0, *;q=0.1", "gzip"],
  ["identity, br;q=0.5", "identity"],
  ["identity;q=0, zstd", "identity"],
])("Accept-Encoding %j gets %s", (header, coding) => {
  expect(chooseCoding(header)).toBe(coding);
});
