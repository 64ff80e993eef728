import type { BlobSource } from "../blob-source.ts";
import { assertDeflatable } from "../deflate/limits.ts";
import { ZiplinkError } from "../errors.ts";
import type { InlineEntry } from "../source/inline-entries.ts";
import { defaultZipFormat, type ZipFormat } from "../zip/format.ts";
import type { Plan, PlanEntry } from "../zip/plan.ts";
import type { ArchiveSpec } from "./archive-spec.ts";
import { findObjects, type OnUnreadable, toWanted, type WantedEntry } from "./find-objects.ts";
import { uniqueNames } from "./names.ts";
import { assertEntryCount, assertTotalBytes, type PlanLimits } from "./plan-limits.ts";

/** Options of `planArchive`. */
export interface PlanOptions {
  /** Limits of the archive. Default: no limits. */
  readonly limits?: PlanLimits;
  /** Format of the archive. Default: `defaultZipFormat`. A spec's `compression` overrides the format's. */
  readonly format?: ZipFormat;
  /** Inline entries to append to those of the spec. Default: none. */
  readonly inlineEntries?: readonly InlineEntry[];
  /**
   * Whether the error for missing objects says which entries they are, for a requester who may know. Only
   * for entries of a spec whose keys are all within the requester's scope. Default: it does not.
   */
  readonly namesMissing?: boolean;
  /**
   * Outcome for an archive of a prefix if an object below it is listed but cannot be read, unless the
   * spec's `onMissing` says so. Default "fail".
   */
  readonly onUnreadable?: OnUnreadable | undefined;
  /** Aborts planning, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/**
 * Finds the objects of `spec`, pins each to its current version and names its entry. Rejects with:
 *
 * - `not_found` if there is nothing under the prefix, or if an object is missing, unless
 *   `onMissing: "report"`;
 * - `denied` likewise if an object is there, but cannot be read, also unless `onUnreadable: "report"`;
 * - `changed` if an object's CRC differs from the one that the spec states;
 * - `too_many_entries` or `too_large` beyond `limits`;
 * - `not_deflatable` if the archive is to be compressed but is too large for that;
 * - the source's errors.
 */
export async function planArchive(
  spec: ArchiveSpec,
  source: BlobSource,
  options: PlanOptions = {},
): Promise<Plan> {
  const limits = options.limits ?? { maxEntries: Infinity, maxBytes: Infinity };
  const inline = (options.inlineEntries ?? []).map(toWanted);
  const { namesMissing, onUnreadable, signal } = options;
  const how = { source, limits, namesMissing, onUnreadable, signal };
  const { found, missing } = await findObjects(spec, how);
  // Inline entries alone make no archive of a prefix: an empty prefix may be mistyped.
  if (found.length === 0 && ("prefix" in spec || inline.length === 0)) throw nothingFound();
  const wanted = [...found, ...inline];
  assertEntryCount(wanted.length, limits);
  assertTotalBytes(totalBytes(wanted), limits);
  const names = uniqueNames(wanted);
  const entries: PlanEntry[] = [];
  for (const [i, { blob }] of wanted.entries()) {
    const name = names[i];
    if (name !== undefined) entries.push({ name, blob });
  }
  const { format = defaultZipFormat } = options;
  const plan = {
    entries,
    format: {
      ...format,
      compression: spec.compression ?? format.compression,
      headerCrc: spec.headerCrc ?? format.headerCrc,
    },
    ...(missing === undefined ? {} : { missing }),
  };
  if (plan.format.compression === "deflate") assertDeflatable(plan);
  return plan;
}

function totalBytes(wanted: readonly WantedEntry[]): number {
  return wanted.reduce((sum, { blob }) => sum + blob.size, 0);
}

function nothingFound(): ZiplinkError {
  return new ZiplinkError("not_found", "There are no objects under this link's prefix.");
}
