import { parseHttpDate } from "../input/http-date.ts";

/** The current archive's validators, for evaluating a request's preconditions. */
export interface Validators {
  /** Entity tag with its quotes, preceded by `W/` if it is weak. */
  readonly etag: string;
  /** Time of the last change, in whole seconds like all HTTP dates. */
  readonly lastModified: Date;
  /**
   * Whether the date changes whenever the archive does. It is the date of the newest object, so adding or
   * removing an older one does not change it. Date conditions are therefore ignored unless the archive is
   * pinned.
   */
  readonly isDateStrong: boolean;
}

/**
 * Evaluates the preconditions of a GET or HEAD in the order of RFC 9110, 13.2.2. Returns 412, 304, or
 * `undefined` to continue.
 */
export function checkPreconditions(headers: Headers, current: Validators): 412 | 304 | undefined {
  const ifMatch = headers.get("If-Match");
  const dateOf = (name: string) =>
    current.isDateStrong ? parseHttpDate(headers.get(name)) : undefined;
  const unmodifiedSince = dateOf("If-Unmodified-Since");
  const modified = current.lastModified.getTime();
  if (ifMatch !== null) {
    // 13.1.1 compares strongly: a weak tag never matches.
    if (!listsTag(ifMatch, (tag) => !isWeak(tag) && tag === current.etag)) return 412;
  } else if (unmodifiedSince !== undefined && modified > unmodifiedSince) {
    return 412;
  }
  const ifNoneMatch = headers.get("If-None-Match");
  const modifiedSince = dateOf("If-Modified-Since");
  if (ifNoneMatch !== null) {
    // 13.1.2 compares weakly.
    return listsTag(ifNoneMatch, (tag) => opaque(tag) === opaque(current.etag)) ? 304 : undefined;
  }
  return modifiedSince !== undefined && modified <= modifiedSince ? 304 : undefined;
}

/**
 * Whether a `Range` may be honoured (RFC 9110, 13.1.5): if there is no `If-Range`, or if it names the
 * current archive. A date matches only if it equals ours exactly and is strong; a weak tag never matches.
 */
export function rangeIsCurrent(headers: Headers, current: Validators): boolean {
  const ifRange = headers.get("If-Range");
  if (ifRange === null) return true;
  if (/^(?:W\/)?"/.test(ifRange)) return ifRange === current.etag;
  return current.isDateStrong && parseHttpDate(ifRange) === current.lastModified.getTime();
}

const isWeak = (tag: string): boolean => tag.startsWith("W/");
const opaque = (tag: string): string => (isWeak(tag) ? tag.slice(2) : tag);

function listsTag(header: string, matches: (tag: string) => boolean): boolean {
  if (header.trim() === "*") return true;
  return (header.match(/(?:W\/)?"[^"]*"/g) ?? []).some(matches);
}
