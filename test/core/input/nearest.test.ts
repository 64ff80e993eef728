import { expect, test } from "vitest";
import { nearestName } from "../../../core/input/nearest.ts";

const known = ["entries", "prefix", "name", "onMissing", "compression", "etag", "expiresIn"];

test.each([
  ["prefx", "prefix"],
  ["perfix", "prefix"],
  ["Prefix", "prefix"],
  ["entires", "entries"],
  ["entry", undefined],
  ["compresion", "compression"],
  ["expires_in", "expiresIn"],
  ["onmissing", "onMissing"],
  ["x", undefined],
  ["", undefined],
  ["recipients", undefined],
  ["p".repeat(100_000), undefined],
])("%j probably means %j", (name, expected) => {
  expect(nearestName(name, known)).toBe(expected);
});
