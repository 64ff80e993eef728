import { foldName } from "./fold-name.ts";

/**
 * The folders of an archive, for finding out whether a file has the name of a folder. Keeps 53 bits of a
 * hash for each folder instead of its path: ten thousand deep names have more than half a million folders
 * above them. A hash collision can only give a file a number that it would not need. The hash has no seed,
 * as names must be the same for every request. Folders at depths where there is no file are left out.
 */
export class FolderSet {
  readonly #hashes = new Set<number>();
  readonly #depths: ReadonlySet<number>;
  #last = "";

  /** @param files names of the files that may clash with a folder, `/`-separated */
  constructor(files: Iterable<string>) {
    const depths = new Set<number>();
    for (const name of files) depths.add(countSlashes(name));
    this.#depths = depths;
  }

  /** Adds every folder in a name, which is `/`-separated. A folder's own name ends in `/`. */
  addAbove(name: string): void {
    const folder = name.slice(0, name.lastIndexOf("/") + 1);
    if (folder === this.#last) return; // true for most neighbours in a listing
    this.#last = folder;
    // Folded once, as a whole: folding does not look across slashes, and neither adds nor removes any.
    hashPrefixes(foldName(folder), (hash, _, depth) => {
      if (this.#depths.has(depth)) this.#hashes.add(hash);
    });
  }

  /** Whether a folder has this name, folded by `foldName`. */
  has(folded: string): boolean {
    let found = false;
    hashPrefixes(`${folded}/`, (hash, end) => {
      found = end === folded.length && this.#hashes.has(hash);
    });
    return found;
  }
}

function countSlashes(name: string): number {
  let count = 0;
  for (let i = name.indexOf("/"); i >= 0; i = name.indexOf("/", i + 1)) count++;
  return count;
}

/** Calls back with the hash, the end and the slashes of each leading part of `text` that ends before a `/`. */
function hashPrefixes(
  text: string,
  use: (hash: number, end: number, slashes: number) => void,
): void {
  let slashes = 0;
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x2f) use((high & 0x1fffff) * 0x100000000 + (low >>> 0), i, slashes++);
    low = Math.imul(low ^ unit, 2654435761);
    high = Math.imul(high ^ unit, 1597334677);
    low ^= high >>> 15;
    high ^= low >>> 13;
  }
}
