import type { BigIntStats } from "node:fs";
import type { BlobInfo } from "../../core/blob-source.ts";
import type { ZiplinkError } from "../../core/errors.ts";
import { toBlobInfo } from "./facts.ts";
import { mayBeUnreadable } from "./refusals.ts";

/** Number of files described each time that their folder is opened. */
const BATCH = 1_000;

/** A folder of a listing. */
export interface Folder {
  /** "" or ending in "/". */
  readonly key: string;
  /** The last part of the key. Ends in "/", as it decides the order. */
  readonly name: string;
  readonly parent: Folder | undefined;
  readonly depth: number;
  /** Whether this folder or one above it was reached by a symbolic link. */
  readonly isLinked: boolean;
  /** Identifies the folder on this system, whatever its path; known once it is open. */
  id: string | undefined;
  items: Promise<Item[]> | undefined;
}

/** A file of a listing. */
export interface File {
  readonly key: string;
  readonly name: string;
  info: BlobInfo | undefined;
}

/** The items of a folder. */
export type Item = Folder | File;

/** Whether an item is a folder. */
export function isFolder(item: Item): item is Folder {
  return "depth" in item;
}

/** Returns the folder in which all keys with a prefix are. */
export function startOf(prefix: string): Folder {
  const key = prefix.slice(0, prefix.lastIndexOf("/") + 1);
  const depth = key.split("/").length - 1;
  return {
    key,
    name: "",
    parent: undefined,
    depth,
    isLinked: false,
    id: undefined,
    items: undefined,
  };
}

/** Returns the folder of this name in another one. */
export function folderIn(parent: Folder, name: string, isLink: boolean): Folder {
  return {
    key: `${parent.key}${name}/`,
    name: `${name}/`,
    parent,
    depth: parent.depth + 1,
    isLinked: isLink || parent.isLinked,
    id: undefined,
    items: undefined,
  };
}

/** Whether a folder is one of those above it. */
export function isWithinItself({ id, parent }: Folder): boolean {
  for (let above = parent; above; above = above.parent) if (above.id === id) return true;
  return false;
}

/** Returns up to `BATCH` files that are not described, from the item `next` on. */
export function filesToDescribe(items: readonly (Item | undefined)[], next: number): File[] {
  const files: File[] = [];
  for (let i = next; i < items.length && files.length < BATCH; i++) {
    const item = items[i];
    if (item && !isFolder(item) && !item.info) files.push(item);
  }
  return files;
}

/** Returns the description of a file for a listing. Throws as `toBlobInfo` does. */
export function toListedInfo(key: string, stats: BigIntStats): BlobInfo {
  const info = toBlobInfo(key, stats);
  return mayBeUnreadable(stats) ? { ...info, needsStat: true } : info;
}

const BOUNDS = ["link_in_circle", "too_deep", "too_many_folders", "too_many_links"];

/** Whether a listing has reached one of its bounds: that is for good, whatever is left out. */
export function isBound({ reason = "" }: ZiplinkError): boolean {
  return BOUNDS.includes(reason);
}
