import type { BlobInfo, ByteRange } from "../blob-source.ts";

/** A store's limits for the parts of one upload. */
export interface PartLimits {
  /** Minimum length of a part, in bytes; the last part may be shorter. */
  readonly minPartBytes: number;
  /** Maximum length of a part, in bytes. */
  readonly maxPartBytes: number;
  /** Maximum number of parts in one upload. */
  readonly maxParts: number;
  /** Whether all parts except the last must have the same length. */
  readonly equalParts: boolean;
}

/** The abilities of a store. The adapter makes up for missing ones as described here. */
export interface DestinationTraits {
  /** Limits for the parts of an upload. */
  readonly limits: PartLimits;
  /** The checksum by which the store verifies each part on arrival; "none" if the adapter reads it back. */
  readonly partCheck: "crc32" | "crc32c" | "md5" | "none";
  /**
   * Whether `complete` checks the checksum, length and precondition and makes the object visible in a single
   * step. Otherwise the adapter checks immediately before and after, and an object that someone else puts
   * there within these milliseconds is replaced.
   */
  readonly isAtomic: boolean;
  /**
   * Whether `copyPart` works: "checked" also returns the CRC-32 of the copied bytes, "plain" does not.
   */
  readonly copies: "none" | "plain" | "checked";
}

/** An upload in progress. Plain data: any process can continue it from a delivery's saved state. */
export interface Upload {
  /** The key of the future object. */
  readonly key: string;
  /** The store's name for the upload. */
  readonly id: string;
  /** As in `UploadTerms`. */
  readonly mark: string;
}

/** The properties of a future object, apart from its bytes. */
export interface UploadTerms {
  /** Identifies the delivery. Kept with the object, so that no other object is ever mistaken for it. */
  readonly mark: string;
  /** Media type (RFC 9110, 8.3). */
  readonly contentType: string;
  /** Further metadata to keep with the object if the store supports it: lower-case names, ASCII values. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The position of a part in the object. */
export interface PartPlace {
  /** The part's number, from 1. Parts are joined in the order of their numbers. */
  readonly number: number;
  /** Offset of the part's first byte in the object. */
  readonly start: number;
}

/** A part that the store has received. Plain data. */
export interface StoredPart {
  /** As in `PartPlace`. */
  readonly number: number;
  /** Length of the part in bytes. */
  readonly size: number;
  /** Names these bytes to `complete`. Equal for equal bytes, as two processes may send the same part. */
  readonly receipt: string;
  /** CRC-32 of the part's bytes, if the store or the adapter knows it. Unsigned. */
  readonly crc32?: number;
}

/** The conditions for an object to become visible. */
export interface CompletionTerms {
  /** Length of the object in bytes. */
  readonly size: number;
  /** CRC-32 of the whole object, unsigned; `undefined` if unknown. */
  readonly crc32: number | undefined;
  /**
   * The object that may be replaced: "nothing" requires that the key is free, "anything" allows any object;
   * otherwise exactly this version.
   */
  readonly replaces: "nothing" | "anything" | { readonly version: string };
}

/** An object at the destination. */
export interface StoredObject {
  /** The object's key. */
  readonly key: string;
  /** Length of the object in bytes. */
  readonly size: number;
  /** The version, as in the `BlobInfo` of a source for the same place. */
  readonly version: string;
  /** CRC-32 of the whole object, if the store states it. */
  readonly crc32?: number;
}

/** An unfinished upload found in a store. */
export interface FoundUpload {
  /** The upload, for `abort`. */
  readonly upload: Upload;
  /** When the upload began. */
  readonly begun: Date;
}

/**
 * Write-only view of a bucket. An object is uploaded in parts and becomes visible as a whole or not at all.
 * Parts may be sent in any order, concurrently and more than once; the last one sent for a number counts.
 * Every method rejects with a `ZiplinkError` whose code is `denied`, `throttled`, `unavailable`, `timeout`,
 * `full` if the store has no room, or one that the method documents; and with `signal.reason` once `signal`
 * aborts. After any failure the same call may be repeated. If `begin` fails, it may leave an upload behind,
 * which `uploads` finds.
 */
export interface BlobDestination {
  /** The abilities of the store. */
  readonly traits: DestinationTraits;

  /** Begins an upload, of which nothing is visible yet. Rejects with `malformed` for an invalid key. */
  begin(key: string, terms: UploadTerms, signal?: AbortSignal): Promise<Upload>;

  /**
   * Sends a part, replacing any earlier one of the same number. `bytes` are only read, and not after the
   * promise has settled. Rejects with `not_found` if the upload is gone, `corrupt` if the store received
   * different bytes.
   */
  putPart(
    upload: Upload,
    place: PartPlace,
    bytes: Uint8Array,
    signal?: AbortSignal,
  ): Promise<StoredPart>;

  /**
   * Makes the store copy bytes of one of its own objects into a part. Rejects with `malformed` if
   * `traits.copies` is "none", `not_found` if the upload is gone, `changed` if the object has another version.
   */
  copyPart(
    upload: Upload,
    place: PartPlace,
    blob: BlobInfo,
    range: ByteRange,
    signal?: AbortSignal,
  ): Promise<StoredPart>;

  /** Returns the received parts, by ascending number. Rejects with `not_found` if the upload is gone. */
  listParts(upload: Upload, signal?: AbortSignal): Promise<readonly StoredPart[]>;

  /**
   * Makes the object visible if all conditions hold, and ends the upload. Also resolves for an upload that
   * was completed before. Rejects with `corrupt` if the length or checksum differs or parts are missing,
   * `changed` if `replaces` does not hold, `not_found` if the upload is gone and has not become the object;
   * nothing has become visible then.
   *
   * @param parts all parts, as returned by `putPart`, `copyPart` or `listParts`, by ascending number
   */
  complete(
    upload: Upload,
    parts: readonly StoredPart[],
    terms: CompletionTerms,
    signal?: AbortSignal,
  ): Promise<StoredObject>;

  /** Aborts the upload and removes its parts. Also resolves if the upload no longer exists. */
  abort(upload: Upload, signal?: AbortSignal): Promise<void>;

  /** Returns the object at `key`, if there is one. */
  find(key: string, signal?: AbortSignal): Promise<StoredObject | undefined>;

  /** Returns the object that `upload` has become, if it is still at its key. */
  findUploaded(upload: Upload, signal?: AbortSignal): Promise<StoredObject | undefined>;

  /** Removes the object that `upload` has become, but no other. Returns whether it was there. */
  remove(upload: Upload, signal?: AbortSignal): Promise<boolean>;

  /**
   * Yields the unfinished uploads whose keys start with `prefix`, in no particular order, including those of
   * other programs. `mark` is "" if the store does not keep the mark of an upload.
   */
  uploads(prefix: string, signal?: AbortSignal): AsyncIterable<FoundUpload>;
}
