import { formatIndexList } from "../../core/planning/index-list.ts";

/** A file of the archive; `index` is its position among the archive's entries, from 0. */
export interface FileNode {
  readonly name: string;
  readonly index: number;
  readonly size: number;
}

/** A folder with its contents in alphabetical order. */
export interface FolderNode {
  /** Its name; for folders that hold nothing but the next one, all of their names, as in `a/b/c`. */
  readonly name: string;
  /**
   * The indices of all entries below it, including empty folders, in the form of the parameter `only`;
   * `undefined` if that is longer than 6,000 characters, which not every server accepts in a URL.
   */
  readonly only: string | undefined;
  /** Number of files below it, and their total bytes. */
  readonly count: number;
  readonly size: number;
  readonly folders: readonly FolderNode[];
  readonly files: readonly FileNode[];
}

type Entry = { readonly name: string; readonly size: number };

interface Draft {
  readonly path: string;
  /** Where its entries begin in the sorted list. */
  readonly start: number;
  readonly folders: Draft[];
  readonly files: FileNode[];
  /** Where its entries end, once that is known. */
  end: number;
}

/** Longest list of indices, in characters. */
const MAX_LIST = 6000;

/**
 * Builds the tree of entries whose names are paths with `/`; a name that ends in `/` is an empty folder.
 * Folders and files are in alphabetical order, and numbers in names are compared as numbers. There are at most
 * twice as many folders as entries, however deep the paths are: folders that hold nothing but another folder
 * are one with it.
 */
export function buildFileTree(entries: readonly Entry[], language: string): FolderNode {
  const sorted = sortByFolder(entries);
  const { compare } = new Intl.Collator(language, { numeric: true });

  const finish = (draft: Draft, name: string): FolderNode => {
    const { path, start, end, folders, files } = draft;
    const children = folders
      .map((child) => finish(child, child.path.slice(path.length, -1)))
      .sort((a, b) => compare(a.name, b.name));
    return {
      name,
      only: listOf(sorted.slice(start, end)),
      count: children.reduce((sum, { count }) => sum + count, files.length),
      size: [...children, ...files].reduce((sum, { size }) => sum + size, 0),
      folders: children,
      files: files.sort((a, b) => compare(a.name, b.name)),
    };
  };
  return finish(draftTree(entries, sorted), "");
}

/** Returns the folder of an entry with its last `/`: "" at the top; an empty folder is its own. */
const folderOf = (name: string) => name.slice(0, name.lastIndexOf("/") + 1);

/** Returns the indices of the entries such that those below any folder are next to one another. */
function sortByFolder(entries: readonly Entry[]): Uint32Array {
  const folders = entries.map(({ name }) => folderOf(name));
  // Text that begins alike is together in any order of code units.
  return Uint32Array.from(entries.keys()).sort((a, b) => {
    const [left = "", right = ""] = [folders[a], folders[b]];
    if (left === right) return a - b;
    return left < right ? -1 : 1;
  });
}

/**
 * Makes the folders that have entries of their own, and those in which the paths of such folders part. The
 * stack holds the path from the top to the current folder.
 */
function draftTree(entries: readonly Entry[], sorted: Uint32Array): Draft {
  const draft = (path: string, start: number): Draft => ({
    ...{ path, start, folders: [], files: [], end: sorted.length },
  });
  const root = draft("", 0);
  const stack = [root];
  const top = () => stack.at(-1) ?? root;

  for (const [position, index] of sorted.entries()) {
    const { name = "", size = 0 } = entries[index] ?? {};
    const path = folderOf(name);
    const common = commonFolder(top().path, path);
    let below: Draft | undefined;
    while (top().path.length > common.length) {
      below = stack.pop();
      if (below) below.end = position;
    }
    if (below && top().path.length < common.length) {
      // The two paths part within the name of the folder above, which is cut in two.
      const fork = draft(common, below.start);
      top().folders.pop();
      top().folders.push(fork);
      fork.folders.push(below);
      stack.push(fork);
    }
    if (path.length > top().path.length) {
      const folder = draft(path, position);
      top().folders.push(folder);
      stack.push(folder);
    }
    if (path.length < name.length) {
      top().files.push({ name: name.slice(path.length), index, size });
    }
  }
  return root;
}

/** Returns the longest folder that both paths are in, with its last `/`. */
function commonFolder(a: string, b: string): string {
  let end = 0;
  for (let i = 0; i < a.length && a[i] === b[i]; i++) if (a[i] === "/") end = i + 1;
  return a.slice(0, end);
}

function listOf(indices: Uint32Array): string | undefined {
  // A comma and a digit each: no list of this many separate numbers is short enough.
  const runs = countRuns(indices.sort());
  if (runs > MAX_LIST / 2) return undefined;
  const list = formatIndexList(indices);
  return list.length > MAX_LIST ? undefined : list;
}

function countRuns(ascending: Uint32Array): number {
  let runs = 0;
  let next = -1;
  for (const index of ascending) {
    if (index !== next) runs++;
    next = index + 1;
  }
  return runs;
}
