/** The metadata of one stored object, known without reading it. Plain data. */
export interface BlobInfo {
  /** The object's name in its store. */
  readonly key: string;
  /** Length in bytes, a safe integer. */
  readonly size: number;
  /**
   * Opaque version: an ETag, a generation, or a file system's equivalent. Must change whenever the bytes
   * change. `open` reads exactly this version or fails.
   */
  readonly version: string;
  /** When the object was last modified. */
  readonly modified: Date;
  /** Media type (RFC 9110, 8.3) as the store states it. */
  readonly contentType?: string;
  /**
   * Content codings of the stored bytes (RFC 9110, 8.4), such as "gzip", as the store states them. The bytes
   * are read as they are stored, and the entry's name ends accordingly (`.gz`).
   */
  readonly contentEncoding?: string;
  /** CRC-32 as in ZIP (ISO-HDLC) of the *whole* object, if the store states it. Unsigned. */
  readonly crc32?: number;
  /**
   * Set by `list` for an object that may be unreadable, such as one in an archival storage class. Call `stat`
   * before using it, which rejects with `denied` if it cannot be read.
   */
  readonly needsStat?: boolean;
}

/** Bytes `[start, end)` of an object; `start <= end <= size`. */
export interface ByteRange {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset after the last byte. */
  readonly end: number;
}

/**
 * Read-only view of a bucket. Every method rejects with a `ZiplinkError` whose code is `not_found`,
 * `denied`, `changed`, `throttled`, `unavailable`, `timeout`, or `corrupt` for a wrong or incomplete answer
 * that another attempt would not fix. Once `signal` aborts, every method rejects with `signal.reason`.
 */
export interface BlobSource {
  /**
   * Returns an object's metadata. Rejects with `not_found` if no object has exactly this key, and with
   * `denied` if the store says that its bytes cannot be read.
   */
  stat(key: string, signal?: AbortSignal): Promise<BlobInfo>;

  /**
   * Yields every object whose key starts with `prefix`, each once, in any order: not every store sorts.
   * Yields nothing if there is none. Rejects with `malformed` if the store cannot list objects.
   *
   * A listing that fails temporarily is started again from its beginning, and what it has yielded before is
   * skipped. A store that lists in pages should return `listPages` instead, so that only the page that
   * failed is asked for again.
   */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<BlobInfo>;

  /**
   * Reads bytes `[start, end)` of exactly the version that `blob` describes. Rejects before the first
   * byte with `not_found` or `changed` if that version no longer exists; the iterable rejects with
   * `changed` if it disappears during the read. The iterable yields exactly `end - start` bytes, in
   * non-empty chunks of any size that the receiver owns. The caller must read it to its end or call
   * `return()`: either releases its resources, as does aborting `signal`.
   */
  open(blob: BlobInfo, range: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}
