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
 * reserved or too long, and each forbidden character becomes `_`. A name that is too long as a whole loses
 * folders, innermost first.
 */
export function safeName(path: string): string {
  const segments = path
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".")
    .map(safeSegment);
  const file = segments.pop() ?? "_";
  while (byteLength([...segments, file].join("/")) > MAX_NAME_BYTES - NUMBER_BYTES) segments.pop();
  const name = [...segments, file].join("/");
  return name === path ? path : name; // share one string: there may be very many names
}

/** Matches most names quickly: ASCII words separated by single dots or spaces. */
const PLAIN = /^[\w-]+(?:[. ][\w-]+)*$/;

/** Returns one path segment, made safe as by `safeName`; a `/` in it becomes `_` too. */
export function safeSegment(segment: string): string {
  if (segment.length <= MAX_SEGMENT_BYTES && PLAIN.test(segment) && !RESERVED.test(segment)) {
    return segment;
  }
  const plain = segment
    .toWellFormed()
    .normalize("NFC")
    .replace(FORBIDDEN, "_")
    .replaceAll("/", "_")
    .replace(/[. ]+$/u, "");
  // Shorten first: that can produce a device name or a version number that was not there before.
  const short = shorten(plain === "" ? "_" : plain, MAX_SEGMENT_BYTES);
  const named = RESERVED.test(short) ? shorten(`_${short}`, MAX_SEGMENT_BYTES) : short;
  return named.replace(VERSION_NUMBER, "_");
}

/**
 * Returns a safe name for each wanted one, in the same order, all distinct even on file systems that ignore
 * case and Unicode composition. A later duplicate becomes `name (2).ext`, and so does a file with the name of a
 * folder. The names of folders end in `/`; the result for a folder that is already there is `undefined`.
 * Depends only on the wanted names and their order.
 */
export function uniqueNames(wanted: readonly WantedName[]): (string | undefined)[] {
  const names = wanted.map(({ path }) => safeName(path));
  const folders = new Set<string>();
  let lastFolder = "";
  for (const [i, name] of names.entries()) {
    const path = wanted[i]?.isFolder ? `${name}/` : name;
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    if (folder === lastFolder) continue; // true for most neighbours in a listing
    lastFolder = folder;
    for (let slash = folder.indexOf("/"); slash >= 0; slash = folder.indexOf("/", slash + 1)) {
      folders.add(foldName(folder.slice(0, slash)));
    }
  }
  const taken = new Set<string>();
  const lastNumbers = new Map<string, number>();
  return names.map((name, i) => {
    const folded = foldName(name);
    if (wanted[i]?.isFolder) {
      if (taken.has(folded)) return undefined;
      taken.add(folded);
      return `${name}/`;
    }
    const isTaken = (key: string) => folders.has(key) || taken.has(key);
    let unique = name;
    if (isTaken(folded)) {
      const { stem, extension } = split(name);
      // Names cut to the same stem share one counter; otherwise each would first try all taken numbers.
      const counter = foldName(stem + extension);
      let number = lastNumbers.get(counter) ?? 1;
      do unique = `${stem} (${++number})${extension}`;
      while (isTaken(foldName(unique)));
      lastNumbers.set(counter, number);
    }
    taken.add(foldName(unique));
    return unique;
  });
}

const ASCII = /^[ -~]*$/;

/**
 * Returns a form that is equal for all names that any common file system considers the same: case,
 * composition and invisible characters are ignored. Folds too much rather than too little.
 */
export function foldName(name: string): string {
  if (ASCII.test(name)) return name.toLowerCase();
  return name
    .normalize("NFD")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .toLowerCase() // first, because the capital sharp s is its own upper case
    .toUpperCase()
    .toLowerCase()
    .normalize("NFD");
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

/** Returns the longest start of `text` within `bytes` of UTF-8; splits no grapheme, ends in no dot or space. */
function cut(text: string, bytes: number): string {
  let length = 0;
  let end = 0;
  for (const { segment, index } of new Intl.Segmenter("en").segment(text)) {
    length += byteLength(segment);
    if (length > bytes) break;
    end = index + segment.length;
  }
  return text.slice(0, end).replace(/[. ]+$/u, "") || "_";
}

function byteLength(text: string): number {
  return Buffer.byteLength(text);
}
