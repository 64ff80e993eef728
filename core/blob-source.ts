/** What is known of one stored object without reading it. Plain data. */
export interface BlobInfo {
  /** The object's name in its store. */
  readonly key: string;
  /** Length in bytes, a safe integer. */
  readonly size: number;
  /**
   * Opaque, and different whenever the bytes are: an ETag, a generation, or what a file system has
   * of that kind. `open` reads exactly this version or fails.
   */
  readonly version: string;
  /** When the object was last modified. */
  readonly modified: Date;
  /** Media type (RFC 9110, 8.3) as the store states it. */
  readonly contentType?: string;
  /** CRC-32 (that of ZIP, ISO-HDLC) of the *whole* object, if the store states it. Unsigned. */
  readonly crc32?: number;
}

/** Bytes `[start, end)` of an object; `start <= end <= size`. */
export interface ByteRange {
  /** Offset of the first byte. */
  readonly start: number;
  /** Offset behind the last byte. */
  readonly end: number;
}

/**
 * Read-only view of a bucket. Every method rejects with a `ZiplinkError` whose code is `not_found`,
 * `denied`, `changed`, `throttled`, `unavailable`, `timeout`, or `corrupt` for an answer that is
 * wrong or says too little, as another attempt would not mend; and with `signal.reason` once
 * `signal` aborts.
 */
export interface BlobSource {
  /** Describes one object. Rejects with `not_found` if there is none under exactly this key. */
  stat(key: string, signal?: AbortSignal): Promise<BlobInfo>;

  /**
   * Every object whose key starts with `prefix`, in ascending order of the key's UTF-8 bytes.
   * Yields nothing if there is none. Rejects with `malformed` where the store has no listing.
   */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<BlobInfo>;

  /**
   * Reads bytes `[start, end)` of exactly the version that `blob` describes. Rejects before the first
   * byte with `not_found` or `changed` if that version is gone; the iterable rejects with `changed`
   * if it goes while being read. It yields exactly `end - start` bytes, in non-empty chunks of any
   * size that the receiver owns. Whoever opens it must read it to its end or call `return()`:
   * either releases what is held, as aborting `signal` does.
   */
  open(blob: BlobInfo, range: ByteRange, signal?: AbortSignal): Promise<AsyncIterable<Uint8Array>>;
}
