import { expect, test } from "vitest";
import { checkAnswer } from "../../../core/source/check-answer.ts";

const blob = { key: "a", size: 100, version: "1", modified: new Date(0) };
const part = { start: 10, end: 20 };
const whole = { start: 0, end: 100 };

test.each([
  ["what was asked for", "bytes 10-19/100", 10, part, undefined],
  ["without a length", "bytes 10-19/100", undefined, part, undefined],
  ["the whole as a range", "bytes 0-99/100", 100, whole, undefined],
  ["the whole", undefined, 100, whole, undefined],
  ["the whole for a part", undefined, 100, part, "no_range"],
  ["the whole, without a length", undefined, undefined, whole, "no_range"],
  ["the whole of another size", undefined, 101, whole, "changed"],
  ["no range", "bytes 10-19/*", 10, part, "no_range"],
  ["an empty field", "", 100, whole, "no_range"],
  ["a shifted range", "bytes 11-20/100", 10, part, "other_range"],
  ["a shorter range", "bytes 10-18/100", 9, part, "other_range"],
  ["a longer range", "bytes 10-20/100", 11, part, "other_range"],
  ["another size", "bytes 10-19/101", 10, part, "changed"],
  ["another length", "bytes 10-19/100", 9, part, "other_range"],
])("an answer with %s", (_, contentRange, contentLength, range, expected) => {
  expect(checkAnswer({ contentRange, contentLength }, blob, range)).toBe(expected);
});
