import type { Dispatcher } from "undici";
import type { BlobInfo, ByteRange } from "../../core/blob-source.ts";
import { statedCodings } from "../../core/input/content-codings.ts";
import { parseHttpDate } from "../../core/input/http-date.ts";
import { checkAnswer } from "../../core/source/check-answer.ts";
import { storeError } from "../../core/source/store-errors.ts";

/** The part of a response from undici that is used. */
export type Answer = Pick<Dispatcher.ResponseData, "statusCode" | "headers" | "body">;
/** Names are in lower case. A field that occurs several times has several values. */
export type AnswerHeaders = Answer["headers"];

/**
 * An entity tag that `If-Match` can compare (RFC 9110, 8.8.3), limited to ASCII, as it is sent
 * back.
 */
const STRONG_TAG = /^"[!#-~]*"$/;

/**
 * The first day of ZIP's calendar, for an object without a known time: a constant, so that the
 * archive stays the same.
 */
const UNKNOWN_TIME = Date.UTC(1980, 0, 1);

/** Returns the description of the object under `key` in a response's headers. */
export function toBlobInfo(key: string, headers: AnswerHeaders): BlobInfo {
  const size = lengthOf(headers);
  if (size === undefined) throw storeError("no_length");
  const version = versionOf(headers, size);
  if (version === undefined) throw storeError("no_version");
  const contentType = single(headers["content-type"]);
  return {
    key,
    size,
    version,
    modified: new Date(parseHttpDate(single(headers["last-modified"])) ?? UNKNOWN_TIME),
    ...(contentType === undefined ? {} : { contentType }),
    ...statedCodings(codingsOf(headers)),
  };
}

/** Whether these fields state the length and the version of an object. */
export function isDescribed(headers: AnswerHeaders): boolean {
  const size = lengthOf(headers);
  return size !== undefined && versionOf(headers, size) !== undefined;
}

/** How old a date must be, in milliseconds, to be later than all earlier versions (RFC 9110, 8.8.2.2). */
const STRONG_AFTER_MS = 60_000;

/**
 * Returns the header fields that make a request fail unless the blob still has this version: none if the
 * version is a date that is recent or in the future, as servers differ about those.
 */
export function conditionOf(
  { version, modified }: BlobInfo,
  now = Date.now(),
): Readonly<Record<string, string>> {
  if (STRONG_TAG.test(version)) return { "if-match": version };
  if (modified.getTime() > now - STRONG_AFTER_MS) return {};
  return { "if-unmodified-since": modified.toUTCString() };
}

/**
 * Throws unless the response contains exactly the requested range of the given version: `corrupt`
 * if it states too little to tell, since it always will; `unavailable` for a different range, since
 * an intermediary may have mixed up responses temporarily.
 */
export function assertAnswers(
  { statusCode, headers }: Answer,
  blob: BlobInfo,
  range: ByteRange,
): void {
  const { contentEncoding } = statedCodings(codingsOf(headers));
  // Ranges are those of the coded bytes (RFC 9110, 14.2), so other codings mean other bytes.
  if (contentEncoding !== blob.contentEncoding) throw storeError("other_coding");
  const version = versionOf(headers, blob.size);
  if (version === undefined || (STRONG_TAG.test(blob.version) && headers.etag === undefined)) {
    throw storeError("no_version");
  }
  if (version !== blob.version) throw storeError("changed");
  const contentRange = statusCode === 206 ? (single(headers["content-range"]) ?? "") : undefined;
  const failure = checkAnswer({ contentRange, contentLength: lengthOf(headers) }, blob, range);
  if (failure) throw storeError(failure);
}

/**
 * Returns the strong ETag or, if there is a time, the time with everything else that may
 * distinguish versions.
 */
function versionOf(headers: AnswerHeaders, size: number): string | undefined {
  const etag = single(headers.etag);
  if (etag !== undefined && STRONG_TAG.test(etag)) return etag;
  const modified = parseHttpDate(single(headers["last-modified"]));
  if (modified === undefined) return undefined;
  const { contentEncoding } = statedCodings(codingsOf(headers));
  const coding = contentEncoding === undefined ? "" : `-${contentEncoding}`;
  return `${modified}-${size}-${etag ?? ""}${coding}`;
}

function lengthOf(headers: AnswerHeaders): number | undefined {
  const value = single(headers["content-length"]) ?? "";
  const length = /^\d+$/.test(value) ? Number(value) : Number.NaN;
  return Number.isSafeInteger(length) ? length : undefined;
}

/** Fields that occur several times are a list (RFC 9110, 5.3). */
function codingsOf(headers: AnswerHeaders): string | undefined {
  return headers["content-encoding"]?.toString();
}

/**
 * Returns a header's value; `undefined` if it occurs more than once, since it is unclear which one
 * counts.
 */
export function single(value: string | string[] | undefined): string | undefined {
  return typeof value === "string" ? value : undefined;
}
