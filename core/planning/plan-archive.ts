import pMap from "p-map";
import type { BlobInfo, BlobSource } from "../blob-source.ts";
import { assertDeflatable } from "../deflate/limits.ts";
import { ZiplinkError } from "../errors.ts";
import { checkBlob } from "../source/check-blob.ts";
import type { InlineEntry } from "../source/inline-entries.ts";
import { compareUtf8 } from "../source/key-order.ts";
import { storeError } from "../source/store-errors.ts";
import { defaultZipFormat, type ZipFormat } from "../zip/format.ts";
import type { Plan, PlanEntry } from "../zip/plan.ts";
import type { ArchiveSpec, EntriesSpec } from "./archive-spec.ts";
import { isMissing, missingEntries, missingReport } from "./missing-report.ts";
import { uniqueNames, type WantedName } from "./names.ts";
import { assertEntryCount, assertTotalBytes, COUNT_ON, type PlanLimits } from "./plan-limits.ts";

/** Number of concurrent `stat` calls. */
const STAT_CONCURRENCY = 32;

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
  /** Aborts planning, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

/** An object and the path wanted for it, which is not safe yet. */
interface WantedEntry extends WantedName {
  readonly blob: BlobInfo;
}

/**
 * Finds the objects of `spec`, pins each to its current version and names its entry. Rejects with:
 *
 * - `not_found` if there is nothing under the prefix, or if an object is missing, unless
 *   `onMissing: "report"`;
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
  const found =
    "entries" in spec
      ? await statEntries(spec, source, limits, options)
      : await listPrefix(spec.prefix, source, limits, options.signal);
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
  };
  if (plan.format.compression === "deflate") assertDeflatable(plan);
  return plan;
}

/** Returns the objects that exist and, if requested, the report of those that do not. */
async function statEntries(
  { entries: requested, onMissing }: EntriesSpec,
  source: BlobSource,
  limits: PlanLimits,
  { signal, namesMissing = false }: PlanOptions,
): Promise<WantedEntry[]> {
  assertEntryCount(requested.length, limits);
  const stats = await pMap(
    requested,
    async ({ key, name, crc32 }): Promise<WantedEntry | undefined> => {
      let blob: BlobInfo;
      try {
        blob = checkBlob(await source.stat(key, signal));
      } catch (error) {
        if ((onMissing === "report" || namesMissing) && isMissing(error)) return undefined;
        throw error;
      }
      return {
        blob: crc32 === undefined ? blob : withStatedCrc32(blob, crc32),
        path: name ?? key,
        isFolder: isFolder(blob),
      };
    },
    { concurrency: STAT_CONCURRENCY, ...(signal ? { signal } : {}) },
  );
  const present = stats.filter((wanted) => wanted !== undefined);
  if (present.length === stats.length) return present;
  if (onMissing !== "report")
    throw missingEntries(
      requested
        .map(({ key, name }, index) => ({ index, name: name ?? key }))
        .filter(({ index }) => stats[index] === undefined),
    );
  const missing = requested.filter((_, i) => stats[i] === undefined);
  const report = missingReport(
    missing.map(({ key, name }) => name ?? key),
    present.map(({ blob }) => blob.modified),
  );
  return [...present, toWanted(report)];
}

/** Returns the objects under a prefix in the order of their keys' UTF-8 bytes, however the store lists them. */
async function listPrefix(
  prefix: string,
  source: BlobSource,
  limits: PlanLimits,
  signal: AbortSignal | undefined,
): Promise<WantedEntry[]> {
  const folderLength = prefix.lastIndexOf("/") + 1;
  const wanted: WantedEntry[] = [];
  let count = 0;
  let bytes = 0;
  for await (const blob of source.list(prefix, signal)) {
    // A caller may be allowed this prefix alone.
    if (!checkBlob(blob).key.startsWith(prefix)) throw storeError("other_prefix");
    const path = blob.key.slice(folderLength);
    if (path === "") continue; // the marker of the requested folder itself
    count++;
    bytes += blob.size;
    // Beyond the limit, only count, for the error to state the total; but not for ever.
    if (count > COUNT_ON * limits.maxEntries) break;
    if (count <= limits.maxEntries) wanted.push({ blob, path, isFolder: isFolder(blob) });
  }
  assertEntryCount(count, limits);
  assertTotalBytes(bytes, limits);
  wanted.sort((a, b) => compareUtf8(a.blob.key, b.blob.key));
  return wanted.filter(({ blob }, i) => !isRepeated(blob, wanted[i - 1]?.blob));
}

/** Whether a listing has an object twice. Throws `corrupt` if it describes it differently. */
function isRepeated(blob: BlobInfo, previous: BlobInfo | undefined): boolean {
  if (blob.key !== previous?.key) return false;
  if (blob.version !== previous.version || blob.size !== previous.size) {
    throw storeError("listed_twice");
  }
  return true;
}

/** Whether an object is a folder marker: stores have no folders, so consoles create an empty object instead. */
function isFolder(blob: BlobInfo): boolean {
  return blob.size === 0 && blob.key.endsWith("/");
}

function toWanted({ name, blob }: InlineEntry): WantedEntry {
  return { blob, path: name, isFolder: false };
}

function totalBytes(wanted: readonly WantedEntry[]): number {
  return wanted.reduce((sum, { blob }) => sum + blob.size, 0);
}

function withStatedCrc32(blob: BlobInfo, crc32: number): BlobInfo {
  if (blob.crc32 !== undefined && blob.crc32 !== crc32) {
    throw new ZiplinkError("changed", "An object is no longer the one that this link states.");
  }
  return { ...blob, crc32 };
}

function nothingFound(): ZiplinkError {
  return new ZiplinkError("not_found", "There are no objects under this link's prefix.");
}
