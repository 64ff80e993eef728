import { createHash } from "node:crypto";
import { ZiplinkError } from "../errors.ts";
import { EntryShape, knownCrc32 } from "./entry-shape.ts";
import type { Plan, PlanEntry } from "./plan.ts";
import {
  encodeEndOfCentralDirectory,
  endOfCentralDirectoryLength,
  SENTINEL_16,
  SENTINEL_32,
} from "./records.ts";

/** Goes into every ETag: change it whenever the bytes made of an equal plan change. */
const FORMAT_REVISION = "ziplink-zip-1";

/** Where everything stands in the archive of a plan. All offsets are bytes from its start. */
export interface Layout {
  /** Whose archive it is. */
  readonly plan: Plan;
  /** Offset of each entry's local header, and last that of the central directory. */
  readonly localOffsets: Float64Array;
  /** Offset of each entry's central header, and last that of the end records. */
  readonly centralOffsets: Float64Array;
  /** The archive's exact length in bytes. */
  readonly length: number;
  /** Strong entity tag, quotes included (RFC 9110, 8.8.3): equal tags, equal archives. */
  readonly etag: string;
}

const layouts = new WeakMap<Plan, Layout>();

/**
 * Lays out the archive of `plan`; arithmetic alone, nothing is read. A plan never changes, so asking
 * again costs nothing. Where the plan asks for compression only the ETag holds, which then is a weak one:
 * offsets and length are those of the same archive stored. Throws `too_large` beyond 2^53 - 1 bytes.
 */
export function layoutZip(plan: Plan): Layout {
  const known = layouts.get(plan);
  if (known) return known;
  const layout = computeLayout(plan);
  layouts.set(plan, layout);
  return layout;
}

function computeLayout(plan: Plan): Layout {
  const { entries, format } = plan;
  const localOffsets = new Float64Array(entries.length + 1);
  const centralOffsets = new Float64Array(entries.length + 1);
  const hash = createHash("sha256").update(JSON.stringify([FORMAT_REVISION, format]));

  let offset = 0;
  let centralSize = 0;
  for (const [i, entry] of entries.entries()) {
    const shape = new EntryShape(entry, format);
    localOffsets[i] = offset;
    centralOffsets[i] = centralSize;
    centralSize += shape.centralHeaderLength(offset);
    offset += shape.localHeaderLength + shape.compressedSize + shape.dataDescriptorLength;
    hash.update(identity(entry));
  }
  localOffsets[entries.length] = offset;
  centralOffsets[entries.length] = centralSize;
  for (let i = 0; i < centralOffsets.length; i++)
    centralOffsets[i] = at(centralOffsets, i) + offset;

  const zip64 = endNeedsZip64(plan, offset, centralSize);
  const length = offset + centralSize + endOfCentralDirectoryLength(zip64);
  if (!Number.isSafeInteger(length)) {
    throw new ZiplinkError("too_large", "The archive would be larger than 9 PB.");
  }
  const etag = `"${hash.digest("base64url").slice(0, 27)}"`;
  return { plan, localOffsets, centralOffsets, length, etag };
}

/** The bytes behind the central directory. */
export function encodeEnd(layout: Layout): Uint8Array {
  const { entries, format } = layout.plan;
  const centralDirectoryOffset = at(layout.localOffsets, entries.length);
  const centralDirectorySize = at(layout.centralOffsets, entries.length) - centralDirectoryOffset;
  const actual = { entries: entries.length, centralDirectorySize, centralDirectoryOffset };
  const field = (value: number) => (value >= format.max32 ? SENTINEL_32 : value);
  return encodeEndOfCentralDirectory({
    entries: entries.length >= format.max16 ? SENTINEL_16 : entries.length,
    centralDirectorySize: field(centralDirectorySize),
    centralDirectoryOffset: field(centralDirectoryOffset),
    ...(endNeedsZip64(layout.plan, centralDirectoryOffset, centralDirectorySize)
      ? { zip64: actual }
      : {}),
  });
}

/**
 * The index of the last of `offsets` that is at most `position`: with a layout's offsets, the record
 * that a byte belongs to. `offsets` ascend and begin at or before `position`.
 */
export function indexAt(offsets: Float64Array, position: number): number {
  let low = 0;
  let high = offsets.length;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (at(offsets, middle) <= position) low = middle;
    else high = middle;
  }
  return low;
}

/** An entry that the layout has; asking for another one is a defect. */
export function entryAt(layout: Layout, index: number): PlanEntry {
  const entry = layout.plan.entries[index];
  if (entry === undefined) throw new RangeError(`no entry ${index}`);
  return entry;
}

/** An offset that the layout holds; asking for another one is a defect. */
export function at(offsets: Float64Array, index: number): number {
  const offset = offsets[index];
  if (offset === undefined) throw new RangeError(`no offset ${index} of ${offsets.length}`);
  return offset;
}

function endNeedsZip64({ entries, format }: Plan, offset: number, size: number): boolean {
  return entries.length >= format.max16 || offset >= format.max32 || size >= format.max32;
}

/** All of an entry that its bytes depend on; times count in whole seconds, as the archive keeps them. */
function identity(entry: PlanEntry): string {
  const { key, size, version, modified } = entry.blob;
  const seconds = Math.floor(modified.getTime() / 1000);
  return JSON.stringify([entry.name, key, size, version, seconds, knownCrc32(entry) ?? null]);
}
