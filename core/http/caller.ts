import { ZiplinkError } from "../errors.ts";
import type { ArchiveSpec } from "../planning/archive-spec.ts";
import { toFolder } from "../source/key-prefix.ts";

/** A client that asks for archives without a link: a backend, or a user whom the application knows. */
export interface Caller {
  /** Identifies the caller in the audit log. Must not be personal data. */
  readonly id: string;
  /**
   * The folders whose keys the caller may ask for: `a` and `a/` are the same, and `""` is every key. Without
   * any, the caller may not ask for any key.
   */
  readonly prefixes?: readonly string[];
}

/**
 * Authenticates the caller of a request. Rejects with `unauthorized` for missing or invalid credentials,
 * `forbidden` for valid ones of a caller without permission, `unavailable` if that cannot be determined now.
 */
export type Auth = (request: Request) => Promise<Caller>;

/**
 * Throws `forbidden` unless everything that `spec` asks for is within the caller's prefixes. Looks at the
 * spec only: the answer is the same whether or not the objects exist.
 */
export function assertWithinScope(spec: ArchiveSpec, { prefixes = [] }: Caller): void {
  if (prefixes.length === 0) {
    throw new ZiplinkError(
      "forbidden",
      'The bearer token has no scope.prefixes, so it allows no keys. Name prefixes, or [""] for every key.',
    );
  }
  const folders = prefixes.map(toFolder);
  if (folders.includes("")) return;
  const keys = "entries" in spec ? spec.entries.map(({ key }) => key) : [spec.prefix];
  for (const key of keys) {
    if (!isPlain(key) || !folders.some((folder) => isPlain(folder) && key.startsWith(folder))) {
      throw new ZiplinkError(
        "forbidden",
        "Some of the requested keys are outside this caller's prefixes. Ask only for keys within them.",
      );
    }
  }
}

/**
 * Whether a key means the same to every store and server on its way: none may resolve, decode or fold it
 * into another folder. Keys are compared unchanged, so an ambiguous one is refused rather than normalized.
 */
function isPlain(key: string): boolean {
  if (key.startsWith("/") || !key.isWellFormed()) return false;
  const decoded = decodeRepeatedly(key);
  if (decoded === undefined) return false;
  if (CONTROLS.test(decoded) || countSeparators(decoded) !== countSeparators(key)) return false;
  return !decoded.normalize("NFKC").split(LIKE_SEPARATORS).some(isDots);
}

const SEPARATORS = /[/\\]/;

/** Separators, and characters that systems without Unicode convert to one. */
const LIKE_SEPARATORS = /[/\\\u2044\u2215\u2216\u29f5\u29f8]/;

// biome-ignore lint/suspicious/noControlCharactersInRegex: it is meant to match them
const CONTROLS = /[\x00-\x1f\x7f]/;

function countSeparators(text: string): number {
  return text.split(SEPARATORS).length;
}

/** Whether a segment is `.` or `..`, also on Windows, which drops trailing dots and spaces. */
function isDots(segment: string): boolean {
  return /^ *\.{1,2}[. ]*$/.test(segment);
}

/** Overlong encodings, which are invalid UTF-8; lenient decoders turn them into dots and slashes. */
const OVERLONG = /%c[01]|%e0%[89][0-9a-f]|%f0%8[0-9a-f]/gi;

/**
 * Maximum number of times that a key is decoded. A key that could be decoded further is refused: no server
 * decodes that often, and each round takes time proportional to the key's length.
 */
const MAX_ROUNDS = 4;

/** Decodes text until it contains no encoded characters; returns `undefined` if four rounds are not enough. */
function decodeRepeatedly(text: string): string | undefined {
  let decoded = text;
  for (let round = 0; round <= MAX_ROUNDS; round++) {
    const next = decodeOnce(decoded);
    if (next === decoded) return decoded;
    decoded = next;
  }
  return undefined;
}

/** Decodes one round, including `%u002e` as some servers do. */
function decodeOnce(text: string): string {
  return text
    .replace(OVERLONG, "\0")
    .replace(/%(?:u([0-9a-f]{4})|([0-9a-f]{2}))/gi, (_, unit, byte) =>
      String.fromCharCode(Number.parseInt(unit ?? byte, 16)),
    );
}
