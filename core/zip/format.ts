import { MAX_BLOCK_BYTES } from "./stored-blocks.ts";

/**
 * The choices that, beside the entries, decide every byte of an archive. They are part of the plan:
 * another choice is another archive, with another ETag.
 */
export interface ZipFormat {
  /**
   * "store": entries as they are, each byte of the archive at a known place. "deflate": compressed, so
   * that the archive has no length before it was made, and no ranges.
   */
  readonly compression: "store" | "deflate";
  /**
   * Entries of unknown CRC-32 up to this size, in bytes, are read whole before their header is
   * written, so that the header can state the CRC. It is what one download may hold of them.
   */
  readonly smallEntryBytes: number;
  /** Data bytes in each stored DEFLATE block of a larger entry; at most 65,535. */
  readonly blockBytes: number;
  /** From this value on, a 16-bit field (the count of entries) needs ZIP64. Lower only in tests. */
  readonly max16: number;
  /** From this value on, a 32-bit field (sizes and offsets) needs ZIP64. Lower only in tests. */
  readonly max32: number;
}

/**
 * Stored; entries up to 1 MiB are read whole, blocks are the longest that DEFLATE has, and ZIP64 is
 * used where a field is too small (APPNOTE 4.4.1.4), not sooner.
 */
export const defaultZipFormat: ZipFormat = {
  compression: "store",
  smallEntryBytes: 1024 * 1024,
  blockBytes: MAX_BLOCK_BYTES,
  max16: 0xffff,
  max32: 0xffffffff,
};
