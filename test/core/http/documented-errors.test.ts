import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { statusByCode } from "../../../core/errors.ts";

/** Told as `not_found`, and told to nobody. */
const hidden = ["denied", "aborted"];
const told = Object.entries(statusByCode)
  .filter(([code]) => !hidden.includes(code))
  .map(([code, status]) => `${status} ${code}`);

/** What no caller's request can end with: it has no range, and its token is no link. */
const onlyOfLinks = ["410 expired", "416 range_not_satisfiable"];

/** "404 not_found", ...: the rows of the table of errors in a guide. */
function documented(guide: string): string[] {
  const text = readFileSync(join(import.meta.dirname, "../../../docs", guide), "utf8");
  const rows = text.matchAll(/^\| (\d{3}) \| `(\w+)` \|/gm);
  return [...rows].map(([, status, code]) => `${status} ${code}`);
}

test("docs/HTTP.md has each error that a client can be told", () => {
  expect(documented("HTTP.md").sort()).toEqual(told.sort());
});

test("docs/API.md has each error that a caller can be told", () => {
  const ofCallers = told.filter((error) => !onlyOfLinks.includes(error));
  expect(documented("API.md").sort()).toEqual(ofCallers.sort());
});
