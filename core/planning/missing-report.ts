import { ZiplinkError } from "../errors.ts";
import { type InlineEntry, inlineBytes } from "../source/inline-entries.ts";

const REPORT_NAME = "_missing.txt";

/** When the report is dated if there is no object to take the time of: the first that a ZIP can state. */
const NO_TIME = Date.UTC(1980, 0, 1);

/** What would end the line that a name stands on, or is no character at all. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

/** Whether an object is missing to a requester, who is never told if it is there but denied. */
export function isMissing(error: unknown): boolean {
  return error instanceof ZiplinkError && (error.code === "not_found" || error.code === "denied");
}

/**
 * The entry that lists what was left out, by the names the requester gave and in that order: UTF-8,
 * one a line. It depends on nothing but `names` and the times of the objects that are there, so that
 * an archive with it is resumed like any other.
 */
export function missingReport(names: readonly string[], present: readonly Date[]): InlineEntry {
  const lines = names.map((name) => `${name.toWellFormed().replace(CONTROLS, "_")}\n`);
  return inlineBytes({
    name: REPORT_NAME,
    bytes: new TextEncoder().encode(lines.join("")),
    modified: new Date(present.reduce((latest, time) => Math.max(latest, time.getTime()), NO_TIME)),
    contentType: "text/plain; charset=utf-8",
  });
}
