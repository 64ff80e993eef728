import type { BigIntStats, Dirent } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { knowsDescriptors, rootByDescriptors } from "./root-by-descriptors.ts";
import { rootByPaths } from "./root-by-paths.ts";

/**
 * A folder out of which nothing is read, no matter who can write in it: every method rejects with
 * `denied` for a path that leads out by a symbolic link, even if the link is put there while the path is
 * resolved. Paths are relative to the root, `/`-separated and without `..`; "" is the root itself. All
 * methods reject with system errors, too, untranslated.
 */
export interface ServedRoot {
  /** Opens a file for reading. The caller must close it. Never waits for the writer of a pipe. */
  openFile(path: string): Promise<FileHandle>;
  /** Describes a file or a folder; links are followed. */
  stat(path: string): Promise<BigIntStats>;
  /** Calls `use` with the folder at `path`, which stays open until `use` settles; settles as `use` does. */
  inFolder<T>(path: string, use: (folder: OpenFolder) => Promise<T>): Promise<T>;
}

/** A folder that is open. Its entries are those of this folder, even if another one takes its place. */
export interface OpenFolder {
  /** Describes the folder itself. */
  readonly stats: BigIntStats;
  /** Returns all entries, in no particular order. */
  entries(): Promise<Dirent[]>;
  /** Describes an entry; a link is not followed. */
  lstat(name: string): Promise<BigIntStats>;
  /** Describes an entry; a link is followed. */
  stat(name: string): Promise<BigIntStats>;
  /** Rejects, as access(2) does, unless this process may use the entry in this way; a link is followed. */
  access(name: string, mode: number): Promise<void>;
}

/**
 * Returns the served folder at `root`, which need not exist yet. Paths are checked by descriptor where
 * the system can tell where a descriptor is (Linux with /proc). Elsewhere they are checked by path, which
 * is weaker; see `rootByPaths`.
 */
export function openServedRoot(root: string): ServedRoot {
  return knowsDescriptors() ? rootByDescriptors(root) : rootByPaths(root);
}
