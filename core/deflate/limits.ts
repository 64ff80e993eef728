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
 * Maximum number of entries that needs no ZIP64. zip-stream is off by one where ZIP64 begins and leaves it
 * out of local headers, and it is not known in advance where a compressed archive needs ZIP64.
 */
export const MAX_DEFLATED_ENTRIES = SENTINEL_16 - 1;
/** Maximum length of an archive, in bytes, that needs no ZIP64 anywhere. */
export const MAX_DEFLATED_BYTES = SENTINEL_32 - 1;

/**
 * Returns the maximum length, in bytes, of a plan's compressed archive: with data that does not shrink at
 * all, which DEFLATE keeps in stored blocks with a few extra bytes each (RFC 1951, 3.2.4).
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

/** By zlib's own bound (`deflateBound`), the added length is less than a third of this, plus 13 bytes. */
function maxDataLength(size: number): number {
  return size + Math.ceil(size / 1000) + 16;
}

/** Throws `not_deflatable` for a plan whose archive can only be stored. */
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
      `can hold at most ${formatBytes(MAX_DEFLATED_BYTES)}; this one could reach ${formatBytes(bytes)}`,
      { limit: MAX_DEFLATED_BYTES, total: bytes },
    );
  }
}

/** Throws `too_large` if the archive may be larger than one response can be. */
export function assertFitsResponse(plan: Plan, maxResponseBytes: number): void {
  const bytes = maxDeflatedLength(plan);
  if (bytes <= maxResponseBytes) return;
  throw new ZiplinkError(
    "too_large",
    `This archive may be as large as ${formatBytes(bytes)}, but a response can have at most ` +
      `${formatBytes(maxResponseBytes)} here, and a compressed archive cannot be sent in parts. ${STORE}`,
    { details: { limit: maxResponseBytes, total: bytes } },
  );
}

const STORE = 'Use "compression": "store" for it.';

function notDeflatable(limit: string, details: { limit: number; total: number }): ZiplinkError {
  return new ZiplinkError("not_deflatable", `A compressed archive ${limit}. ${STORE}`, { details });
}
