import { MAX_BLOCK_BYTES } from "./stored-blocks.ts";

/**
 * The choices that, together with the entries, determine every byte of an archive. They are part of the
 * plan: a different choice makes a different archive, with a different ETag.
 */
export interface ZipFormat {
  /**
   * "store": entries are not compressed, and every byte of the archive has a known offset. "deflate":
   * entries are compressed, so the length is unknown until the archive is complete, and there are no ranges.
   */
  readonly compression: "store" | "deflate";
  /**
   * Entries of unknown CRC-32 up to this size, in bytes, are read whole before their header is written, so
   * that the header can state the CRC. This bounds the memory that one download uses for them.
   */
  readonly smallEntryBytes: number;
  /**
   * Which entries are stored, with their CRC-32 in the local header. "known": those whose CRC is known,
   * or that are small. "always": every entry, so that its bytes in the archive are those of its object;
   * the layout and the ETag then do not depend on which CRCs are known. A large entry of unknown CRC is
   * read twice then, unless its header can be written last, as in a delivery. Ignored with "deflate".
   */
  readonly headerCrc: "known" | "always";
  /** Data bytes in each stored DEFLATE block of a larger entry; at most 65,535. */
  readonly blockBytes: number;
  /** Smallest value for which a 16-bit field (the count of entries) needs ZIP64. Lower only in tests. */
  readonly max16: number;
  /** Smallest value for which a 32-bit field (sizes and offsets) needs ZIP64. Lower only in tests. */
  readonly max32: number;
}

/**
 * The default format: stored; entries up to 1 MiB are read whole, blocks have the maximum length that
 * DEFLATE allows, and ZIP64 is used only where a field is too small (APPNOTE 4.4.1.4).
 */
export const defaultZipFormat: ZipFormat = {
  compression: "store",
  smallEntryBytes: 1024 * 1024,
  headerCrc: "known",
  blockBytes: MAX_BLOCK_BYTES,
  max16: 0xffff,
  max32: 0xffffffff,
};
