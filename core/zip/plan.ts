import type { BlobInfo } from "../blob-source.ts";
import type { ZipFormat } from "./format.ts";

/** One entry of a planned archive. */
export interface PlanEntry {
  /**
   * The entry's final name in the ZIP: `/`-separated, safe on every system and unique; the name of a folder
   * ends in `/`.
   */
  readonly name: string;
  /** The object, pinned to a version, whose bytes the entry holds; or an inline blob. */
  readonly blob: BlobInfo;
}

/**
 * Everything that determines an archive's bytes, as plain data. Equal plans produce equal archives,
 * whenever and wherever they are streamed.
 */
export interface Plan {
  /** The entries, in their order in the archive. */
  readonly entries: readonly PlanEntry[];
  /** The format in which they are written. */
  readonly format: ZipFormat;
  /**
   * How many objects `onMissing: "report"` has left out, by the code or the more specific reason of the
   * failure: { not_found: 2, archived: 1 }. For the log; the bytes do not depend on it. Absent if none.
   */
  readonly missing?: Readonly<Record<string, number>>;
}

/** Returns the sum of the files' sizes, in bytes; the archive itself is slightly longer. */
export function plannedBytes({ entries }: Plan): number {
  return entries.reduce((sum, { blob }) => sum + blob.size, 0);
}
