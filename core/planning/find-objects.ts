import pMap from "p-map";
import type { BlobInfo, BlobSource } from "../blob-source.ts";
import { ZiplinkError } from "../errors.ts";
import { checkBlob } from "../source/check-blob.ts";
import type { InlineEntry } from "../source/inline-entries.ts";
import { compareUtf8 } from "../source/key-order.ts";
import { storeError } from "../source/store-errors.ts";
import type { ArchiveSpec, EntriesSpec, PrefixSpec } from "./archive-spec.ts";
import { countReasons, isMissing, missingEntries, missingReport } from "./missing-report.ts";
import type { WantedName } from "./names.ts";
import { assertEntryCount, assertTotalBytes, COUNT_ON, type PlanLimits } from "./plan-limits.ts";
import { storedName } from "./stored-name.ts";

/** Number of concurrent `stat` calls. */
const STAT_CONCURRENCY = 32;

/** An object and the path wanted for it, which is not safe yet. */
export interface WantedEntry extends WantedName {
  readonly blob: BlobInfo;
}

/** The objects of a spec, in their order in the archive. */
export interface FoundObjects {
  readonly found: readonly WantedEntry[];
  /** See `Plan.missing`. */
  readonly missing?: Readonly<Record<string, number>>;
}

/**
 * Outcome for an archive: "fail" refuses it, "report" leaves objects out and lists them in
 * `_missing.txt`.
 */
export type OnUnreadable = "fail" | "report";

/** How objects are looked for. */
export interface FindOptions {
  readonly source: BlobSource;
  readonly limits: PlanLimits;
  /** See `PlanOptions`. */
  readonly namesMissing?: boolean | undefined;
  /** See `PlanOptions`. */
  readonly onUnreadable?: OnUnreadable | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Finds the objects of a spec. Rejects as `planArchive` does. */
export function findObjects(spec: ArchiveSpec, options: FindOptions): Promise<FoundObjects> {
  return "entries" in spec ? statEntries(spec, options) : listPrefix(spec, options);
}

/** Returns the objects that exist and, if requested, the report of those that do not. */
async function statEntries(spec: EntriesSpec, options: FindOptions): Promise<FoundObjects> {
  const { entries } = spec;
  assertEntryCount(entries.length, options.limits);
  return statAll(spec, options, entries, async ({ key, name, crc32 }) => {
    const blob = checkBlob(await options.source.stat(key, options.signal));
    return toEntry(crc32 === undefined ? blob : withStatedCrc32(blob, crc32), name ?? key);
  });
}

/** Returns the objects under a prefix in the order of their keys' UTF-8 bytes, however the store lists them. */
async function listPrefix(spec: PrefixSpec, options: FindOptions): Promise<FoundObjects> {
  const { source, limits, signal } = options;
  const { prefix } = spec;
  const folderLength = prefix.lastIndexOf("/") + 1;
  const listed: BlobInfo[] = [];
  let count = 0;
  let bytes = 0;
  for await (const blob of source.list(prefix, signal)) {
    // A caller may be allowed this prefix alone.
    if (!checkBlob(blob).key.startsWith(prefix)) throw storeError("other_prefix");
    if (blob.key.length === folderLength) continue; // the marker of the requested folder itself
    count++;
    bytes += blob.size;
    // Beyond the limit, only count, for the error to state the total; but not for ever.
    if (count > COUNT_ON * limits.maxEntries) break;
    if (count <= limits.maxEntries) listed.push(blob);
  }
  assertEntryCount(count, limits);
  assertTotalBytes(bytes, limits);
  listed.sort((a, b) => compareUtf8(a.key, b.key));
  const unique = listed.filter((blob, i) => !isRepeated(blob, listed[i - 1]));
  const pathOf = ({ key }: BlobInfo) => key.slice(folderLength);
  if (!unique.some(({ needsStat }) => needsStat)) {
    return { found: unique.map((blob) => toEntry(blob, pathOf(blob))) };
  }
  const named = unique.map((blob) => ({ blob, name: pathOf(blob), key: blob.key }));
  const { onMissing = options.onUnreadable } = spec;
  return statAll({ onMissing }, options, named, async ({ blob, name, key }) =>
    toEntry(blob.needsStat ? checkBlob(await source.stat(key, signal)) : blob, name),
  );
}

/** Whether a listing has an object twice. Throws `corrupt` if it describes it differently. */
function isRepeated(blob: BlobInfo, previous: BlobInfo | undefined): boolean {
  if (blob.key !== previous?.key) return false;
  if (blob.version !== previous.version || blob.size !== previous.size) {
    throw storeError("listed_twice");
  }
  return true;
}

/**
 * Returns what `look` finds for each item and, if the spec wants that, the report of the items that are missing.
 * Rejects at the first missing one otherwise, or with all of them if the requester may know.
 */
async function statAll<T extends { readonly key: string; readonly name?: string | undefined }>(
  { onMissing }: Pick<ArchiveSpec, "onMissing">,
  { namesMissing = false, signal }: FindOptions,
  items: readonly T[],
  look: (item: T) => Promise<WantedEntry>,
): Promise<FoundObjects> {
  const isReported = onMissing === "report";
  const looks = await pMap(
    items,
    async (item) => {
      try {
        return await look(item);
      } catch (error) {
        if ((isReported || namesMissing) && isMissing(error)) return error;
        throw error;
      }
    },
    { concurrency: STAT_CONCURRENCY, ...(signal ? { signal } : {}) },
  );
  const missing = items.flatMap(({ key, name = key }, index) => {
    const error = looks[index];
    return error instanceof ZiplinkError ? [{ index, name, error }] : [];
  });
  const present = looks.flatMap((look) => (look instanceof ZiplinkError ? [] : [look]));
  if (missing.length === 0) return { found: present };
  if (!isReported) throw missingEntries(missing);
  const report = missingReport(
    missing.map(({ name }) => name),
    present.map(({ blob }) => blob.modified),
  );
  return { found: [...present, toWanted(report)], missing: countReasons(missing) };
}

/** Returns the entry of an object, whose bytes are those that are stored. */
function toEntry(blob: BlobInfo, path: string): WantedEntry {
  const name = blob.size === 0 ? path : storedName(path, blob.contentEncoding);
  return { blob, path: name, isFolder: isFolder(blob) };
}

/** Returns the entry of inline content. */
export function toWanted({ name, blob }: InlineEntry): WantedEntry {
  return { blob, path: name, isFolder: false };
}

/** Whether an object is a folder marker: stores have no folders, so consoles create an empty object instead. */
function isFolder(blob: BlobInfo): boolean {
  return blob.size === 0 && blob.key.endsWith("/");
}

function withStatedCrc32(blob: BlobInfo, crc32: number): BlobInfo {
  if (blob.crc32 !== undefined && blob.crc32 !== crc32) {
    throw new ZiplinkError("changed", "An object is no longer the one that this link states.");
  }
  return { ...blob, crc32 };
}
