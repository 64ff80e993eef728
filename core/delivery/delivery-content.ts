import type { ByteRange } from "../blob-source.ts";
import type { StoredPart } from "./blob-destination.ts";

/** A part of what is delivered: its bytes `[start, end)`. */
export interface Part extends ByteRange {
  /** From 1, in the order of the bytes. */
  readonly number: number;
}

/** Facts about bytes once all of them have been seen. */
export interface ContentChecksums {
  /** CRC-32 of everything that is delivered, unsigned, if the content can tell it by itself. */
  readonly crc32?: number;
  /** SHA-256, in hexadecimal digits; where it was asked for. */
  readonly sha256?: string;
  /** MD5, in hexadecimal digits; where it was asked for. */
  readonly md5?: string;
}

/**
 * Something that is delivered. Its bytes are fixed, so any process can make any part of it. What its
 * parts teach about one another is worth a record, which only saves reading: without it, the bytes of
 * parts that are already stored are read again as far as that is needed.
 */
export interface DeliveryContent {
  /** Its length in bytes. */
  readonly length: number;
  /** All parts, in the order in which to fill them: a part waits only for those before it. */
  readonly parts: readonly Part[];

  /** Takes over what an earlier process has recorded. Must be called before `skip` and `fill`. */
  restore(record: unknown): void;

  /** Declares that a part is stored, so that it will not be filled. Must be called before any `fill`. */
  skip(part: Part, stored: StoredPart): void;

  /**
   * Writes all bytes of a part into `into`, which has its length. Several parts may be filled at once,
   * begun in the order of `parts`. Rejects with the source's errors, and with `corrupt` where the bytes
   * do not match a stated checksum.
   */
  fill(part: Part, into: Buffer, signal: AbortSignal): Promise<void>;

  /** Returns what has been learnt so far, as JSON. */
  record(): unknown;

  /**
   * Checks what can only be checked at the end, once all parts are filled or skipped. Rejects with
   * `corrupt` where a stated checksum does not match.
   */
  finish(signal: AbortSignal): Promise<ContentChecksums>;
}
