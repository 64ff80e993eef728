import { at, type Layout } from "../zip/layout.ts";
import type { PartLimits } from "./blob-destination.ts";
import type { Part } from "./delivery-content.ts";

/** Bytes of a part, unless the destination or the length wants another size. */
export const DEFAULT_PART_BYTES = 16 * 1024 * 1024;

/** How to cut. */
export interface CutOptions {
  /** Limits of the destination. */
  readonly limits: PartLimits;
  /** The desired length of a part in bytes. Default 16 MiB. */
  readonly partBytes?: number | undefined;
  /** All cuts must be multiples of it. Default 1. */
  readonly alignment?: number;
}

/**
 * Cuts an archive into parts, at the boundaries of entries where they allow it, and always where the
 * central directory begins if what is before it makes a part: the directory depends on every entry, and
 * no entry's header must depend on the directory's part. Parts have about `partBytes`; more, if the
 * destination would not take so many parts.
 */
export function cutArchive(layout: Layout, options: CutOptions): readonly Part[] {
  const { limits, alignment = 1 } = options;
  if (limits.equalParts || alignment > 1) return cutEvenly(layout.length, options);
  for (let target = targetBytes(layout.length, options); ; target = Math.ceil(target * 1.25)) {
    const parts = cutAtEntries(layout, limits, target);
    if (parts.length <= limits.maxParts) return parts;
  }
}

/** Cuts `length` bytes into parts of one length, and a last one. Nothing is one empty part. */
export function cutEvenly(length: number, options: CutOptions): readonly Part[] {
  const { alignment = 1 } = options;
  const target = Math.ceil(targetBytes(length, options) / alignment) * alignment;
  const parts: Part[] = [];
  do {
    const start = parts.length * target;
    parts.push({ number: parts.length + 1, start, end: Math.min(start + target, length) });
  } while ((parts.at(-1)?.end ?? length) < length);
  return parts;
}

function targetBytes(length: number, { limits, partBytes = DEFAULT_PART_BYTES }: CutOptions) {
  const { minPartBytes, maxPartBytes, maxParts } = limits;
  const needed = Math.ceil(length / maxParts);
  return Math.min(Math.max(partBytes, needed, minPartBytes), maxPartBytes);
}

function cutAtEntries(layout: Layout, limits: PartLimits, target: number): Part[] {
  const { localOffsets, length, plan } = layout;
  const { minPartBytes } = limits;
  const ends: number[] = [];
  let start = 0;
  const cut = (end: number) => {
    ends.push(end);
    start = end;
  };
  for (let i = 0; i < plan.entries.length; i++) {
    const header = at(localOffsets, i);
    const next = at(localOffsets, i + 1);
    if (next - start <= target) continue;
    if (header - start >= Math.max(minPartBytes, target / 2)) cut(header);
    while (next - start > target) cut(start + target);
  }
  const directory = at(localOffsets, plan.entries.length);
  if (directory - start >= minPartBytes) cut(directory);
  // A rest too short for a part joins the part before it, if there is one.
  else if (ends.length > 0 && directory > start) {
    ends[ends.length - 1] = directory;
    start = directory;
  }
  while (length - start > 1.5 * target) cut(start + target);
  cut(length);
  return ends.map((end, i) => ({ number: i + 1, start: ends[i - 1] ?? 0, end }));
}
