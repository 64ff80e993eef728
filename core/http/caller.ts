import { ZiplinkError } from "../errors.ts";
import type { ArchiveSpec } from "../planning/archive-spec.ts";
import { toFolder } from "../source/key-prefix.ts";

/** Who asks for archives without a link: a backend, or somebody that an application knows. */
export interface Caller {
  /** Names the caller in the audit log; no personal data. */
  readonly id: string;
  /**
   * What the keys begin with that the caller may ask for, each a folder: `a` and `a/` are the same, and
   * `""` is everything. Without any the caller may ask for nothing by its key.
   */
  readonly prefixes?: readonly string[];
}

/**
 * Tells who sent a request. Rejects with `unauthorized` if it shows no credentials or bad ones,
 * `forbidden` for good ones of somebody who may not ask, `unavailable` if that cannot be told now.
 */
export type Auth = (request: Request) => Promise<Caller>;

/**
 * Throws `forbidden` unless all that `request` asks for lies within the caller's prefixes. It looks at
 * the request alone: the answer is the same whether or not there is such an object.
 */
export function assertWithinScope(request: ArchiveSpec, { prefixes = [] }: Caller): void {
  if (prefixes.length === 0) {
    throw new ZiplinkError(
      "forbidden",
      'The bearer token has no scope.prefixes, so nothing is within it; [""] is for everything.',
    );
  }
  const folders = prefixes.map(toFolder);
  if (folders.includes("")) return;
  const keys = "entries" in request ? request.entries.map(({ key }) => key) : [request.prefix];
  for (const key of keys) {
    if (!isPlain(key) || !folders.some((folder) => isPlain(folder) && key.startsWith(folder))) {
      throw new ZiplinkError("forbidden", "This caller may not have all that was asked for.");
    }
  }
}

/**
 * Whether a key means the same to every store and server on its way: none may resolve, decode or
 * fold it into another folder. Keys are compared as they are, so one that could be read in two ways is
 * refused rather than put right.
 */
function isPlain(key: string): boolean {
  if (key.startsWith("/") || !key.isWellFormed()) return false;
  const decoded = decodeRepeatedly(key);
  if (CONTROLS.test(decoded) || countSeparators(decoded) !== countSeparators(key)) return false;
  return !decoded.normalize("NFKC").split(LIKE_SEPARATORS).some(isDots);
}

const SEPARATORS = /[/\\]/;

/** With those that systems with another character set than Unicode take for one. */
const LIKE_SEPARATORS = /[/\\\u2044\u2215\u2216\u29f5\u29f8]/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROLS = /[\x00-\x1f\x7f]/;

function countSeparators(text: string): number {
  return text.split(SEPARATORS).length;
}

/** `.` and `..`, also as Windows has them, which drops dots and spaces at the end. */
function isDots(segment: string): boolean {
  return /^ *\.{1,2}[. ]*$/.test(segment);
}

/** UTF-8 has no such bytes; decoders that take them make dots and slashes of what follows. */
const OVERLONG = /%c[01]|%e0%[89][0-9a-f]|%f0%8[0-9a-f]/gi;

/** What is left when nothing in it can be taken for an encoded character any more, `%u002e` neither. */
function decodeRepeatedly(text: string): string {
  const decoded = text
    .replace(OVERLONG, "\0")
    .replace(/%(?:u([0-9a-f]{4})|([0-9a-f]{2}))/gi, (_, unit, byte) =>
      String.fromCharCode(Number.parseInt(unit ?? byte, 16)),
    );
  return decoded === text ? text : decodeRepeatedly(decoded);
}
