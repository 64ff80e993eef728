import type { ByteRange } from "../blob-source.ts";

/** Bytes `[start, end)` of `size` bytes. */
export interface RangeOfSize extends ByteRange {
  /** Length of the whole in bytes. */
  readonly size: number;
}

/** Why an answer does not fit the range that was requested. */
export type RangeMismatch =
  /** It does not state which bytes it has, in a way that can be read. */
  | "unstated"
  /** The whole is of another size. */
  | "other_size"
  /** It begins elsewhere, or has bytes after those requested. */
  | "other_range";

/**
 * Returns the range that a `Content-Range` states (RFC 9110, 14.4); `undefined` for an absent or invalid
 * one, one in another unit, and one that does not state the size of the whole.
 */
export function parseContentRange(value: string | null | undefined): RangeOfSize | undefined {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+)$/i.exec(value ?? "") ?? [];
  if (first === undefined) return undefined;
  const [start, end, size] = [Number(first), Number(last) + 1, Number(total)];
  return start < end && end <= size && Number.isSafeInteger(size)
    ? { start, end, size }
    : undefined;
}

/**
 * Returns the offset after the last byte of an answer to a range request, at most `asked.end`, as a
 * server may send less than it was asked for (RFC 9110, 15.3.7); or why the answer does not fit.
 */
export function checkRange(
  stated: RangeOfSize | undefined,
  asked: RangeOfSize,
): number | RangeMismatch {
  if (stated === undefined) return "unstated";
  if (stated.size !== asked.size) return "other_size";
  return stated.start === asked.start && stated.end <= asked.end ? stated.end : "other_range";
}
