import { ZiplinkError } from "../errors.ts";
import { type InlineEntry, inlineBytes } from "../source/inline-entries.ts";
import { isSetupFailure, storeError } from "../source/store-errors.ts";

const REPORT_NAME = "_missing.txt";

/** The report's time if there are no objects to take it from: the earliest that a ZIP can state. */
const NO_TIME = Date.UTC(1980, 0, 1);

/** Characters that would end a name's line, and other control characters. */
const CONTROLS = /[\p{Cc}\u2028\u2029]/gu;

/** Whether an error means "missing" to a requester, who must not learn that an object exists but is denied. */
export function isMissing(error: unknown): error is ZiplinkError {
  if (!(error instanceof ZiplinkError) || isSetupFailure(error)) return false;
  return error.code === "not_found" || error.code === "denied";
}

/** Missing entries that an error names at most. */
const MAX_NAMED = 100;

/** An entry of a spec, by its place in the list and the name that the requester gave it. */
export interface MissingEntry {
  readonly index: number;
  readonly name: string;
  /** Why it is missing; for the log. */
  readonly error: ZiplinkError;
}

/**
 * Returns the `not_found` error that says which entries are missing, the first 100 of them, and how many
 * there are. For requesters who may know: those whose scope covers all of the keys.
 */
export function missingEntries(missing: readonly MissingEntry[]): ZiplinkError {
  const { message } = storeError("not_found");
  const named = missing.slice(0, MAX_NAMED).map(({ index, name }) => ({ index, name }));
  const details = { count: missing.length, missing: named };
  // Of what is refused the log tells more than of what is not there.
  const refused = missing.find(({ error }) => error.code === "denied")?.error;
  if (!refused) return new ZiplinkError("not_found", message, { details });
  const { cause, reason = "denied" } = refused;
  const options = { details, reason, ...(cause === undefined ? {} : { cause }) };
  return new ZiplinkError("not_found", message, options);
}

/** Returns how many entries are missing for each reason, or for each code of an error without one. */
export function countReasons(missing: readonly MissingEntry[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { error } of missing) {
    const reason = error.reason ?? error.code;
    counts[reason] = (counts[reason] ?? 0) + 1;
  }
  return counts;
}

/**
 * Returns the entry that lists the missing objects by the names that the requester gave, in that order:
 * UTF-8, one name per line. It depends only on `names` and on the times of the present objects, so that an
 * archive with a report can be resumed like any other.
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
