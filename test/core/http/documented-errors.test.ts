import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { statusByCode } from "../../../core/errors.ts";

/** Codes that no client sees: `denied` is reported as `not_found`, and nobody receives the others. */
const hidden = ["denied", "aborted", "stalled", "stopping"];
const told = Object.entries(statusByCode)
  .filter(([code]) => !hidden.includes(code))
  .map(([code, status]) => `${status} ${code}`);

/** Errors that no caller can get: a caller's request has no range, and its token is not a link. */
const onlyOfLinks = ["410 expired", "416 range_not_satisfiable"];

/** Errors of deliveries only. Callers request deliveries, while the requests of link holders never write. */
const onlyOfCallers = ["408 request_timeout", "507 full", "409 conflict"];

/** Returns the rows of the table of errors in a guide: "404 not_found", ... */
function documented(guide: string): string[] {
  const text = readFileSync(join(import.meta.dirname, "../../../docs", guide), "utf8");
  const rows = text.matchAll(/^\| (\d{3}) \| `(\w+)` \|/gm);
  return [...rows].map(([, status, code]) => `${status} ${code}`);
}

test("docs/HTTP.md lists each error that a client can get", () => {
  const ofLinks = told.filter((error) => !onlyOfCallers.includes(error));
  expect(documented("HTTP.md").sort()).toEqual(ofLinks.sort());
});

test("docs/API.md lists each error that a caller can get", () => {
  const ofCallers = told.filter((error) => !onlyOfLinks.includes(error));
  expect(documented("API.md").sort()).toEqual(ofCallers.sort());
});
