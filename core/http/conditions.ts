import { parseHttpDate } from "../input/http-date.ts";

/** The archive as it is now, for a request's conditions to be held against. */
export interface Validators {
  /** Entity tag with its quotes, and `W/` before them if it is a weak one. */
  readonly etag: string;
  /** In whole seconds, as HTTP dates are. */
  readonly lastModified: Date;
  /**
   * Whether the date changes whenever the archive does. It is that of the newest object, behind which
   * others come and go unseen, so conditions by date are ignored unless the archive is pinned.
   */
  readonly isDateStrong: boolean;
}

/**
 * What the preconditions of a GET or HEAD come to, in the order of RFC 9110, 13.2.2: 412, 304, or
 * `undefined` to go on.
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
 * Whether a `Range` may be honoured (RFC 9110, 13.1.5): without `If-Range`, or if that names the very
 * archive there is now. A date counts only if it is exactly ours, and strong; a weak tag never does.
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
