import type { BlobInfo, ByteRange } from "../blob-source.ts";
import { checkRange, parseContentRange } from "../input/content-range.ts";
import type { StoreFailure } from "./store-errors.ts";

/** The parts of a store's HTTP answer that state which bytes it has. */
export interface RangeAnswer {
  /** The field `Content-Range`; absent if the answer is the whole object. */
  readonly contentRange: string | undefined;
  /** Number of bytes in the body; `undefined` if unstated. */
  readonly contentLength: number | undefined;
}

/**
 * Returns the failure of an answer that does not hold exactly the requested range of an object, or
 * `undefined` if it does. An object of another size is `changed`. A server that ignores
 * ranges always will (`no_range`). One that sends another range, such as a proxy that mixes up answers, may
 * send the right one next time (`other_range`). So may one that sends a shorter range: a source must yield all.
 */
export function checkAnswer(
  { contentRange, contentLength }: RangeAnswer,
  blob: BlobInfo,
  range: ByteRange,
): StoreFailure | undefined {
  const isWhole = contentRange === undefined;
  const stated = isWhole ? wholeOf(contentLength) : parseContentRange(contentRange);
  const end = checkRange(stated, { ...range, size: blob.size });
  if (end === "unstated") return "no_range";
  if (end === "other_size") return "changed";
  if (end !== range.end) return isWhole ? "no_range" : "other_range";
  const isOtherLength = contentLength !== undefined && contentLength !== range.end - range.start;
  return isOtherLength ? "other_range" : undefined;
}

function wholeOf(length: number | undefined) {
  return length === undefined ? undefined : { start: 0, end: length, size: length };
}
