import { describe, expect, onTestFinished, test, vi } from "vitest";
import { assertJsonShape } from "../../../functions/api/json-shape.ts";
import { readJson } from "../../../functions/api/read-json.ts";
import { codeOf } from "../../support/error-codes.ts";

const bytes = (text: string) => Buffer.from(text);

function post(body: string): Request {
  const headers = { "Content-Type": "application/json" };
  return new Request("http://localhost/links", { method: "POST", headers, body });
}

describe("a body's shape", () => {
  test.each([
    ['{"entries":[{"key":"a"},{"key":"b"}]}', 6],
    ['"a,b,[{\\"c,"', 1],
    ["[]", 2],
    ["[[],[]]", 5],
    ['{"a\\\\":[1,2]}', 4],
  ])("%s has %i values", (json, count) => {
    expect(() => assertJsonShape(bytes(json), count)).not.toThrow();
    expect(() => assertJsonShape(bytes(json), count - 1)).toThrow("more than");
  });

  test("has at most 32 levels", () => {
    const nested = (depth: number) => bytes("[".repeat(depth) + "]".repeat(depth));
    expect(() => assertJsonShape(nested(32), 1_000)).not.toThrow();
    expect(() => assertJsonShape(nested(33), 1_000)).toThrow("32 levels");
  });

  test("need not be that of JSON, which only the parser checks", () => {
    for (const text of ['"', '"\\', "]]]", "", "\0"]) {
      expect(() => assertJsonShape(bytes(text), 10)).not.toThrow();
    }
  });
});

test.each([
  ["numbers", `{"entries":[${"0,".repeat(200_000)}0]}`, "too_large"],
  ["empty objects", `{"entries":[${"{},".repeat(200_000)}{}]}`, "too_large"],
  ["fields", `{${Array.from({ length: 200_001 }, (_, i) => `"k${i}":0`).join()}}`, "too_large"],
  ["levels", `${"[".repeat(100_000)}`, "malformed"],
])("a body of very many %s is never parsed", async (_, body, code) => {
  const parse = vi.spyOn(JSON, "parse");
  onTestFinished(() => parse.mockRestore());
  expect(await codeOf(readJson(post(body), 5_000_000))).toBe(code);
  const parsed = parse.mock.calls.map(([text]) => text.length);
  expect(parsed.filter((length) => length >= body.length)).toEqual([]);
});
