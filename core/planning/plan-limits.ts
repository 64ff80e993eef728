import { ZiplinkError } from "../errors.ts";
import { formatBytes, formatCount } from "../input/quantities.ts";

/** The limits of one archive. */
export interface PlanLimits {
  /** Maximum number of entries, including folders and inline entries. */
  readonly maxEntries: number;
  /** Maximum sum of the objects' sizes, in bytes. */
  readonly maxBytes: number;
}

/** A listing is counted to its end, but no further than this multiple of the limit. */
export const COUNT_ON = 10;

/** Throws `too_many_entries` if `total` exceeds the limit. */
export function assertEntryCount(
  total: number,
  { maxEntries: limit }: Pick<PlanLimits, "maxEntries">,
): void {
  if (total <= limit) return;
  const more = total > COUNT_ON * limit ? "at least " : "";
  throw new ZiplinkError(
    "too_many_entries",
    `This archive would hold ${more}${formatCount(total)} files; the limit is ${formatCount(limit)}. ` +
      "Ask for fewer files, or for several archives.",
    { details: { limit, total } },
  );
}

/** Throws `too_large` if `total` exceeds the limit. */
export function assertTotalBytes(total: number, { maxBytes: limit }: PlanLimits): void {
  if (total <= limit) return;
  throw new ZiplinkError(
    "too_large",
    `The files add up to ${formatBytes(total)}; the limit is ${formatBytes(limit)}. ` +
      "Ask for fewer files, or for several archives.",
    { details: { limit, total } },
  );
}
