import { type BigIntStats, constants } from "node:fs";
import type { BlobInfo } from "../../core/blob-source.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { type StoreFailure, storeError } from "../../core/source/store-errors.ts";
import { isMissing, translate } from "./errors.ts";
import type { OpenFolder, ServedRoot } from "./served-root.ts";

/** Stands for the bytes of a file's name that are not UTF-8. No path leads to such a file. */
const REPLACEMENT = "\ufffd";

/** An entry of an open folder. */
export interface FolderEntry {
  /** The key under which it is listed. */
  readonly key: string;
  /** Its name in the folder. */
  readonly name: string;
}

/**
 * Returns why an entry cannot be used, with its path, if that is for good: `denied` for what the system or
 * this service refuses, a link that leads nowhere, or a name that is not UTF-8. Any other error stays as it
 * is, such as that of an entry that has just been removed.
 */
export async function refusalOf(
  error: unknown,
  folder: OpenFolder,
  { key, name }: FolderEntry,
): Promise<unknown> {
  if (!isMissing(error)) return withPath(error, key);
  if (name.includes(REPLACEMENT)) return storeError("name_not_utf8", error, { path: key });
  return (await isLink(folder, name)) ? storeError("dangling_link", error, { path: key }) : error;
}

/** Returns the store error of a refusal, with the path in the served folder that it is about. */
export function withPath(error: unknown, path: string): unknown {
  const known = translate(error);
  if (!(known instanceof ZiplinkError) || known.code !== "denied" || known.path !== undefined) {
    return error;
  }
  if (path === "") return known;
  return storeError((known.reason ?? "denied") as StoreFailure, known.cause, { path });
}

/** Returns an entry that cannot be used as a listing states it: only `stat` tells why. */
export function refusedInfo(key: string): BlobInfo {
  return { key, size: 0, version: "refused", modified: new Date(0), needsStat: true };
}

/** Throws `no_folder` if there is no served folder at all: then no file has just been removed. */
export async function assertRoot(root: ServedRoot): Promise<void> {
  try {
    await root.stat("");
  } catch (error) {
    throw isMissing(error) ? storeError("no_folder", error) : error;
  }
}

async function isLink(folder: OpenFolder, name: string): Promise<boolean> {
  try {
    return (await folder.lstat(name)).isSymbolicLink();
  } catch (error) {
    if (isMissing(error)) return false;
    throw error;
  }
}

/** Rejects, as the system does, unless this process may read the file, or list the folder. */
export async function assertReadable(
  folder: OpenFolder,
  name: string,
  stats: BigIntStats,
): Promise<void> {
  const { R_OK, X_OK } = constants;
  await folder.access(name, stats.isDirectory() ? R_OK | X_OK : R_OK);
}

/**
 * Whether the permissions of a file do not obviously allow this process to read it. Access lists may allow
 * it all the same; `assertReadable` asks the system.
 */
export function mayBeUnreadable({ mode, uid, gid }: BigIntStats): boolean {
  const user = process.geteuid?.();
  if (user === undefined || user === 0) return false; // Windows has no such permissions
  if (uid === BigInt(user)) return (mode & 0o400n) === 0n;
  const isMember = groups().has(Number(gid));
  return (mode & (isMember ? 0o040n : 0o004n)) === 0n;
}

let memberships: ReadonlySet<number> | undefined;

/** The groups of a process do not change. */
function groups(): ReadonlySet<number> {
  memberships ??= new Set([process.getegid?.() ?? -1, ...(process.getgroups?.() ?? [])]);
  return memberships;
}
