import { expect, test } from "vitest";
import { parseWeightedList } from "../../../core/input/weighted-list.ts";

test.each<[string | null, readonly (readonly [string, number])[]]>([
  [null, []],
  ["", []],
  ["br", [["br", 1]]],
  [
    "GZip;q=0.5,br",
    [
      ["gzip", 0.5],
      ["br", 1],
    ],
  ],
  [
    "de-AT, de ; q=0.9 ,\t*;Q=0.001",
    [
      ["de-at", 1],
      ["de", 0.9],
      ["*", 0.001],
    ],
  ],
  [
    "br;q=1.000, gzip;q=1.999, x;q=0.",
    [
      ["br", 1],
      ["gzip", 1],
      ["x", 0],
    ],
  ],
  // Malformed items are ignored: more digits, other numbers, other parameters, nothing.
  ["a;q=0.1234, b;q=-1, c;q=2, d;p=1, e;q, , f g, h;q=NaN", []],
  ["é, a_b", [["a_b", 1]]],
])("%j", (header, expected) => {
  const items = parseWeightedList(header);
  expect(items.map(({ value, weight }) => [value, weight])).toEqual(expected);
});

test("reads at most 32 items and 1,000 characters", () => {
  expect(parseWeightedList("a,".repeat(400))).toHaveLength(32);
  expect(parseWeightedList(`${" ".repeat(1000)}a`)).toEqual([]);
  expect(parseWeightedList(`a,${"b".repeat(100_000)}`)).toHaveLength(2);
});
