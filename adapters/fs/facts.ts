import type { BigIntStats } from "node:fs";
import type { BlobInfo } from "../../core/blob-source.ts";
import { storeError } from "../../core/source/store-errors.ts";

/**
 * Returns the version of a file: size, modification time, change time and inode. The change time is the
 * system's own: a program that rewrites a file can restore its modification time, but not this.
 */
export function version({ size, mtimeNs, ctimeNs, ino }: BigIntStats): string {
  return `${size}-${mtimeNs}-${ctimeNs}-${ino}`;
}

/** Returns the description of the file under `key`. Throws `not_found` if it is no regular file. */
export function toBlobInfo(key: string, stats: BigIntStats): BlobInfo {
  if (!stats.isFile()) throw storeError("not_found");
  return {
    key,
    size: Number(stats.size),
    version: version(stats),
    modified: new Date(Number(stats.mtimeNs / 1_000_000n)),
  };
}

/** Throws `changed` unless `stats` is of the version that `blob` describes. */
export function assertVersion(stats: BigIntStats, blob: BlobInfo): void {
  if (!stats.isFile() || version(stats) !== blob.version) throw storeError("changed");
}
