import { ZiplinkError } from "../errors.ts";
import { formatBytes, formatCount } from "../input/quantities.ts";
import type { Plan } from "../zip/plan.ts";
import {
  centralHeaderLength,
  dataDescriptorLength,
  endOfCentralDirectoryLength,
  localHeaderLength,
  SENTINEL_16,
  SENTINEL_32,
} from "../zip/records.ts";

/**
 * The most entries that need no ZIP64. zip-stream is off by one where ZIP64 begins and leaves it
 * out of local headers, and where a compressed archive gets there cannot be told in advance.
 */
export const MAX_DEFLATED_ENTRIES = SENTINEL_16 - 1;
/** The longest archive, in bytes, that needs no ZIP64 anywhere. */
export const MAX_DEFLATED_BYTES = SENTINEL_32 - 1;

/**
 * What the archive of `plan` comes to at the most when it is compressed, in bytes: with data that does
 * not shrink at all, which DEFLATE keeps in blocks of its own with a few bytes each (RFC 1951, 3.2.4).
 */
export function maxDeflatedLength({ entries }: Plan): number {
  let length = endOfCentralDirectoryLength(false);
  for (const { name, blob } of entries) {
    const nameLength = Buffer.byteLength(name);
    length +=
      localHeaderLength(nameLength, blob.modified, false) +
      maxDataLength(blob.size) +
      dataDescriptorLength(false) +
      centralHeaderLength(nameLength, blob.modified, 0);
  }
  return length;
}

/** By zlib's own bound (`deflateBound`) less than a third of this is added, and 13 bytes. */
function maxDataLength(size: number): number {
  return size + Math.ceil(size / 1000) + 16;
}

/** Throws `not_deflatable` for a plan that can only be stored. */
export function assertDeflatable(plan: Plan): void {
  const count = plan.entries.length;
  if (count > MAX_DEFLATED_ENTRIES) {
    throw notDeflatable(
      `can hold at most ${formatCount(MAX_DEFLATED_ENTRIES)} files; this one would hold ${formatCount(count)}`,
      { limit: MAX_DEFLATED_ENTRIES, total: count },
    );
  }
  const bytes = maxDeflatedLength(plan);
  if (bytes > MAX_DEFLATED_BYTES) {
    throw notDeflatable(
      `can hold at most ${formatBytes(MAX_DEFLATED_BYTES)}; the files of this one come to ${formatBytes(bytes)}`,
      { limit: MAX_DEFLATED_BYTES, total: bytes },
    );
  }
}

/** Throws `too_large` if the archive may come to more than one response can have. */
export function assertFitsResponse(plan: Plan, maxResponseBytes: number): void {
  const bytes = maxDeflatedLength(plan);
  if (bytes <= maxResponseBytes) return;
  throw new ZiplinkError(
    "too_large",
    `This archive may come to ${formatBytes(bytes)}; here one response can have ` +
      `${formatBytes(maxResponseBytes)}, and a compressed archive cannot be sent in parts. ${STORE}`,
    { details: { limit: maxResponseBytes, total: bytes } },
  );
}

const STORE = 'Use "compression": "store" for it.';

function notDeflatable(limit: string, details: { limit: number; total: number }): ZiplinkError {
  return new ZiplinkError("not_deflatable", `A compressed archive ${limit}. ${STORE}`, { details });
}
