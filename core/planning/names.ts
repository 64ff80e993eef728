/**
 * Names that every reader on every system extracts to the place they say: never outside the folder,
 * never onto one another. The rules are those of Windows, macOS and Linux together.
 */

/** One part of a path: what ext4, APFS and NTFS all take. */
const MAX_SEGMENT_BYTES = 255;

/** A whole name: macOS allows paths of 1,024 bytes, and the folder it is extracted to needs some. */
const MAX_NAME_BYTES = 900;

/** Of both lengths, what is kept free for the number of a duplicate, ` (1234567)`. */
const NUMBER_BYTES = 12;

/**
 * What no part of a path may hold: controls and line separators; invisible characters that reverse
 * the order of what is shown (a "gpj.exe" that reads "exe.jpg"); and what Windows reserves, the
 * backslash among it, which some readers take for a separator.
 */
const FORBIDDEN =
  /[\p{Cc}\p{Noncharacter_Code_Point}\u2028\u2029\u202a-\u202e\u2066-\u2069<>:"|?*\\]/gu;

/** Device names, which Windows sees whatever extension follows them. */
const RESERVED =
  /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$|clock\$)(?: *\.| *$)/iu;

/** The mark of a VMS version number, which UnZip drops with the number, on every system. */
const VERSION_NUMBER = /;(?=[0-9]*$)/u;

/** The last dot with what follows, of an extension short enough to be one. */
const EXTENSION = /(?<=.)\.[^. ]{1,16}$/u;

/** A name asked for, and whether it is to be a folder. */
export interface WantedName {
  /** `/`-separated; as it was asked for, not safe yet. */
  readonly path: string;
  /** Whether it is an entry for a folder, which holds nothing. */
  readonly isFolder: boolean;
}

/**
 * The name under which `path` can stand in an archive: `/`-separated, NFC, no part of it empty, `.`,
 * `..`, reserved, too long or holding a forbidden character (each becomes `_`). Always non-empty.
 * A name that is too long as a whole loses folders, the innermost first.
 */
export function safeName(path: string): string {
  const segments = path
    .split("/")
    .filter((segment) => segment !== "" && segment !== ".")
    .map(safeSegment);
  const file = segments.pop() ?? "_";
  while (byteLength([...segments, file].join("/")) > MAX_NAME_BYTES - NUMBER_BYTES) segments.pop();
  const name = [...segments, file].join("/");
  return name === path ? path : name; // one string for both: there may be very many
}

/** What most names are: words of ASCII with single dots between them. */
const PLAIN = /^[\w-]+(?:[. ][\w-]+)*$/;

/** One part of a path, made safe as in `safeName`; a `/` in it becomes `_` too. */
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
  // Cut first: a cut can leave a device's name, or a version number, where there was none.
  const short = shorten(plain === "" ? "_" : plain, MAX_SEGMENT_BYTES);
  const named = RESERVED.test(short) ? shorten(`_${short}`, MAX_SEGMENT_BYTES) : short;
  return named.replace(VERSION_NUMBER, "_");
}

/**
 * A safe name for each wanted one, in the same order, all different even where case and composition
 * do not count. A later duplicate becomes `name (2).ext`; a file gives way to a folder of its name.
 * Folders end in `/`; one that is there already gets `undefined`. Depends on the wanted names and
 * their order alone.
 */
export function uniqueNames(wanted: readonly WantedName[]): (string | undefined)[] {
  const names = wanted.map(({ path }) => safeName(path));
  const folders = new Set<string>();
  let lastFolder = "";
  for (const [i, name] of names.entries()) {
    const path = wanted[i]?.isFolder ? `${name}/` : name;
    const folder = path.slice(0, path.lastIndexOf("/") + 1);
    if (folder === lastFolder) continue; // as that of most neighbours in a listing
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
      // Names that are cut to one stem share its numbers, or each would try all the others' first.
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
 * Equal for names that any common file system takes for the same: case, composition and invisible
 * characters do not count. It folds rather too much than too little.
 */
export function foldName(name: string): string {
  if (ASCII.test(name)) return name.toLowerCase();
  return name
    .normalize("NFD")
    .replace(/\p{Default_Ignorable_Code_Point}/gu, "")
    .toLowerCase() // first, for the capital sharp s, which has no other upper case
    .toUpperCase()
    .toLowerCase()
    .normalize("NFD");
}

/** `dir/name.ext` as `dir/name`, cut so that a number fits behind it, and `.ext`. */
function split(name: string): { readonly stem: string; readonly extension: string } {
  const slash = name.lastIndexOf("/") + 1;
  const file = name.slice(slash);
  const extension = EXTENSION.exec(file)?.[0] ?? "";
  const room = MAX_SEGMENT_BYTES - NUMBER_BYTES - byteLength(extension);
  const stem = cut(file.slice(0, file.length - extension.length), room);
  return { stem: name.slice(0, slash) + stem, extension };
}

/** `segment` cut to `bytes` of UTF-8, its extension kept. */
function shorten(segment: string, bytes: number): string {
  if (byteLength(segment) <= bytes) return segment;
  const extension = EXTENSION.exec(segment)?.[0] ?? "";
  const stem = cut(
    segment.slice(0, segment.length - extension.length),
    bytes - byteLength(extension),
  );
  return `${stem}${extension}`;
}

/** The longest start of `text` of at most `bytes` in UTF-8, no grapheme split, no dot or space last. */
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
