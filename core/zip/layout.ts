import { createHash } from "node:crypto";
import { ZiplinkError } from "../errors.ts";
import { EntryShape, knownCrc32 } from "./entry-shape.ts";
import type { ZipFormat } from "./format.ts";
import type { Plan, PlanEntry } from "./plan.ts";
import {
  encodeEndOfCentralDirectory,
  endOfCentralDirectoryLength,
  SENTINEL_16,
  SENTINEL_32,
} from "./records.ts";

/** Part of every ETag. Must change whenever the bytes produced for an equal plan change. */
const FORMAT_REVISION = "ziplink-zip-1";

/** The position of every record in a plan's archive. Offsets are in bytes from its start. */
export interface Layout {
  /** The plan of the archive. */
  readonly plan: Plan;
  /** Offset of each entry's local header, followed by the offset of the central directory. */
  readonly localOffsets: Float64Array;
  /** Offset of each entry's central header, followed by the offset of the end records. */
  readonly centralOffsets: Float64Array;
  /** The archive's exact length in bytes. */
  readonly length: number;
  /** Strong entity tag, including quotes (RFC 9110, 8.8.3): archives with equal tags are equal. */
  readonly etag: string;
}

const layouts = new WeakMap<Plan, Layout>();

/**
 * Computes the layout of a plan's archive by arithmetic alone, without reading any object. The result is
 * remembered per plan, as a plan never changes. For a plan that asks for compression, only the ETag is
 * valid, and only as a weak one; offsets and length are those of the same archive stored. Throws `too_large`
 * beyond 2^53 - 1 bytes.
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
  const hash = createHash("sha256").update(JSON.stringify([FORMAT_REVISION, choices(format)]));

  let offset = 0;
  let centralSize = 0;
  for (const [i, entry] of entries.entries()) {
    const shape = new EntryShape(entry, format);
    localOffsets[i] = offset;
    centralOffsets[i] = centralSize;
    centralSize += shape.centralHeaderLength(offset);
    offset += shape.localHeaderLength + shape.compressedSize + shape.dataDescriptorLength;
    hash.update(identity(entry, format));
  }
  localOffsets[entries.length] = offset;
  centralOffsets[entries.length] = centralSize;
  for (let i = 0; i < centralOffsets.length; i++)
    centralOffsets[i] = at(centralOffsets, i) + offset;

  const zip64 = endNeedsZip64(plan, offset, centralSize);
  const length = offset + centralSize + endOfCentralDirectoryLength(zip64);
  if (!Number.isSafeInteger(length)) {
    throw new ZiplinkError(
      "too_large",
      "The archive would be larger than 9 PB. Ask for fewer files, or for several archives.",
    );
  }
  const etag = `"${hash.digest("base64url").slice(0, 27)}"`;
  return { plan, localOffsets, centralOffsets, length, etag };
}

/** Encodes the records after the central directory. */
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
 * Returns the index of the last of `offsets` that is at most `position`: for a layout's offsets, the
 * index of the record that contains the byte. `offsets` must ascend, and the first must be at most
 * `position`.
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

/** Returns the entry at `index`. An index outside the layout is a defect. */
export function entryAt(layout: Layout, index: number): PlanEntry {
  const entry = layout.plan.entries[index];
  if (entry === undefined) throw new RangeError(`no entry ${index}`);
  return entry;
}

/** Returns the offset at `index`. An index outside the layout is a defect. */
export function at(offsets: Float64Array, index: number): number {
  const offset = offsets[index];
  if (offset === undefined) throw new RangeError(`no offset ${index} of ${offsets.length}`);
  return offset;
}

function endNeedsZip64({ entries, format }: Plan, offset: number, size: number): boolean {
  return entries.length >= format.max16 || offset >= format.max32 || size >= format.max32;
}

/** The choices of a format that an archive's bytes depend on. */
function choices({ headerCrc, ...format }: ZipFormat): object {
  const { compression, max16, max32 } = format;
  const isAlways = headerCrc === "always" && compression === "store";
  return isAlways ? { headerCrc, max16, max32 } : format;
}

/** Everything that an entry's bytes depend on. Times are in whole seconds, as in the archive. */
function identity(entry: PlanEntry, { headerCrc, compression }: ZipFormat): string {
  const { key, size, version, modified } = entry.blob;
  const seconds = Math.floor(modified.getTime() / 1000);
  const facts = [entry.name, key, size, version, seconds];
  if (headerCrc === "always" && compression === "store") return JSON.stringify(facts);
  return JSON.stringify([...facts, knownCrc32(entry) ?? null]);
}
