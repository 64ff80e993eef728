import { foldName } from "./fold-name.ts";

/**
 * The folders of an archive, as far as it takes to tell whether a file would have the name of one.
 * Keeps 53 bits of a hash for each folder, not its path: ten thousand deep names have more than half
 * a million folders above them. Two folders with one hash can only make a file take a number that it
 * would not have needed. The hash has no seed, as names must be the same for every request.
 */
export class FolderSet {
  readonly #hashes = new Set<number>();
  #last = "";

  /** Adds every folder above a name; `/`-separated, a folder's own name ends in `/`. */
  addAbove(name: string): void {
    const folder = name.slice(0, name.lastIndexOf("/") + 1);
    if (folder === this.#last) return; // as that of most neighbours in a listing
    this.#last = folder;
    // Folded once as a whole: folding never looks beyond a slash, and neither adds nor drops one.
    hashPrefixes(foldName(folder), (hash) => this.#hashes.add(hash));
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

/** Calls back with a hash of each part of `text` that ends before a `/`, and where it ends. */
function hashPrefixes(text: string, use: (hash: number, end: number) => void): void {
  let low = 0xdeadbeef;
  let high = 0x41c6ce57;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit === 0x2f) use((high & 0x1fffff) * 0x100000000 + (low >>> 0), i);
    low = Math.imul(low ^ unit, 2654435761);
    high = Math.imul(high ^ unit, 1597334677);
    low ^= high >>> 15;
    high ^= low >>> 13;
  }
}
