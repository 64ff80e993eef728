import type { BlobInfo } from "../blob-source.ts";
import type { ZipFormat } from "./format.ts";

/** One entry of an archive that is to be. */
export interface PlanEntry {
  /** The entry's final name in the ZIP: `/`-separated, safe everywhere, unique; a folder's ends in `/`. */
  readonly name: string;
  /** The object, pinned to a version, whose bytes the entry holds; or what an application has given. */
  readonly blob: BlobInfo;
}

/**
 * Everything that decides an archive's bytes, as plain data. Two equal plans give equal archives,
 * whenever and wherever they are streamed.
 */
export interface Plan {
  /** In the order in which the archive has them. */
  readonly entries: readonly PlanEntry[];
  /** How they are written. */
  readonly format: ZipFormat;
}

/** Sum of the files' sizes, in bytes; the archive itself is a little longer. */
export function plannedBytes({ entries }: Plan): number {
  return entries.reduce((sum, { blob }) => sum + blob.size, 0);
}
