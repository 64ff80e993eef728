import { foldName } from "./fold-name.ts";
import { FolderSet } from "./folder-set.ts";

/**
 * Makes names that every reader on every system extracts to the intended place: never outside the target
 * folder, never over one another. Combines the rules of Windows, macOS and Linux.
 */

/** Maximum length of one path segment: the limit that ext4, APFS and NTFS all allow. */
const MAX_SEGMENT_BYTES = 255;

/** Maximum length of a name: macOS allows paths of 1,024 bytes, of which the target folder needs some. */
const MAX_NAME_BYTES = 900;

/** Part of both lengths reserved for the number of a duplicate, ` (1234567)`. */
const NUMBER_BYTES = 12;

/** Maximum number of folders above a file. Bounds the time and memory for each name; nobody needs more. */
const MAX_FOLDERS = 64;

/**
 * Characters that no path segment may contain: controls and line separators; invisible characters that
 * reverse the displayed order (so that "gpj.exe" reads "exe.jpg"); and those that Windows reserves, including
 * the backslash, which some readers take for a separator.
 */
const FORBIDDEN =
  /[\p{Cc}\p{Noncharacter_Code_Point}\u2028\u2029\u202a-\u202e\u2066-\u2069<>:"|?*\\]/gu;

/** Windows device names, which are reserved with any extension. */
const RESERVED =
  /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)(?: *\.| *$)/iu;

/** The semicolon of a VMS version number; UnZip drops it and the number, on every system. */
const VERSION_NUMBER = /;(?=[0-9]*$)/u;

/** An extension with its dot, if it is short enough to be one. */
const EXTENSION = /(?<=.)\.[^. ]{1,16}$/u;

/** The name requested for an entry. */
export interface WantedName {
  /** The path as requested, `/`-separated; not safe yet. */
  readonly path: string;
  /** Whether the entry is a folder; it has no content. */
  readonly isFolder: boolean;
}

/**
 * Returns a safe name for `path`: `/`-separated, NFC and never empty. No segment is empty, `.`, `..`,
 * reserved or too long, and each forbidden character becomes `_`. A name that is too long as a whole, or has
 * more than 64 folders, loses folders, innermost first. Takes time proportional to the path's length.
 */
export function safeName(path: string): string {
  const parts = path.split("/").filter((part) => part !== "" && part !== ".");
  const file = safeSegment(parts.pop() ?? "_");
  const folders: string[] = [];
  let room = MAX_NAME_BYTES - NUMBER_BYTES - byteLength(file);
  for (const part of parts.slice(0, MAX_FOLDERS)) {
    const folder = safeSegment(part);
    room -= byteLength(folder) + 1;
    if (room < 0) break;
    folders.push(folder);
  }
  const name = [...folders, file].join("/");
  return name === path ? path : name; // share one string: there may be very many names
}

/** Matches most names quickly: ASCII words separated by single dots or spaces. */
const PLAIN = /^[\w-]+(?:[. ][\w-]+)*$/;

/** Returns one path segment, made safe as by `safeName`; a `/` in it becomes `_` too. */
export function safeSegment(segment: string, maxBytes = MAX_SEGMENT_BYTES): string {
  if (segment.length <= maxBytes && PLAIN.test(segment) && !RESERVED.test(segment)) {
    return segment;
  }
  const plain = trimEnd(
    segment.toWellFormed().normalize("NFC").replace(FORBIDDEN, "_").replaceAll("/", "_"),
  );
  // Shorten first: that can produce a device name or a version number that was not there before.
  const short = shorten(plain === "" ? "_" : plain, maxBytes);
  const named = RESERVED.test(short) ? shorten(`_${short}`, maxBytes) : short;
  return named.replace(VERSION_NUMBER, "_");
}

/**
 * Returns a safe name for each wanted one, in the same order, all distinct even on file systems that ignore
 * case and Unicode composition. A later duplicate becomes `name (2).ext`, and so does a file with the name of
 * a folder. The names of folders end in `/`; the result for a folder that is already there is `undefined`.
 * Depends only on the wanted names and their order. Takes time proportional to the total length of the paths,
 * and memory for at most 64 numbers per path in addition to the names.
 */
export function uniqueNames(wanted: readonly WantedName[]): (string | undefined)[] {
  const names = wanted.map(({ path }) => safeName(path));
  const folders = new FolderSet(names.filter((_, i) => !wanted[i]?.isFolder));
  for (const [i, name] of names.entries())
    folders.addAbove(wanted[i]?.isFolder ? `${name}/` : name);
  const taken = new Set<string>();
  const lastNumbers = new Map<string, number>();
  return names.map((name, i) => {
    const folded = foldName(name);
    if (wanted[i]?.isFolder) {
      if (taken.has(folded)) return undefined;
      taken.add(folded);
      return `${name}/`;
    }
    const isTaken = (key: string) => taken.has(key) || folders.has(key);
    let unique = name;
    let key = folded;
    if (isTaken(key)) {
      const { stem, extension } = split(name);
      // Names cut to the same stem share one counter; otherwise each would first try all taken numbers.
      const counter = foldName(stem + extension);
      let number = lastNumbers.get(counter) ?? 1;
      do {
        unique = `${stem} (${++number})${extension}`;
        key = foldName(unique);
      } while (isTaken(key));
      lastNumbers.set(counter, number);
    }
    taken.add(key);
    return unique;
  });
}

/** Splits `dir/name.ext` into `dir/name`, cut so that a number can be appended, and `.ext`. */
function split(name: string): { readonly stem: string; readonly extension: string } {
  const slash = name.lastIndexOf("/") + 1;
  const file = name.slice(slash);
  const extension = EXTENSION.exec(file)?.[0] ?? "";
  const room = MAX_SEGMENT_BYTES - NUMBER_BYTES - byteLength(extension);
  const stem = cut(file.slice(0, file.length - extension.length), room);
  return { stem: name.slice(0, slash) + stem, extension };
}

/** Shortens `segment` to `bytes` of UTF-8 and keeps its extension. */
function shorten(segment: string, bytes: number): string {
  if (byteLength(segment) <= bytes) return segment;
  const extension = EXTENSION.exec(segment)?.[0] ?? "";
  const stem = cut(
    segment.slice(0, segment.length - extension.length),
    bytes - byteLength(extension),
  );
  return `${stem}${extension}`;
}

const ASCII = /^[ -~]*$/;

let graphemes: Intl.Segmenter | undefined;

/** Returns the longest start of `text` within `bytes` of UTF-8; splits no grapheme, ends in no dot or space. */
function cut(text: string, bytes: number): string {
  // One character more, as a mark behind the cut would belong to the last one before it.
  if (ASCII.test(text.slice(0, bytes + 1))) return trimEnd(text.slice(0, bytes)) || "_";
  let length = 0;
  let end = 0;
  graphemes ??= new Intl.Segmenter("en"); // not at the start, which it would slow down
  for (const { segment, index } of graphemes.segment(text)) {
    length += byteLength(segment);
    if (length > bytes) break;
    end = index + segment.length;
  }
  return trimEnd(text.slice(0, end)) || "_";
}

/**
 * Removes trailing dots and spaces, as Windows does. A regular expression would retry at each character of
 * every such run within the text, which takes quadratic time.
 */
function trimEnd(text: string): string {
  let end = text.length;
  while (end > 0 && (text[end - 1] === "." || text[end - 1] === " ")) end--;
  return text.slice(0, end);
}

function byteLength(text: string): number {
  return Buffer.byteLength(text);
}
