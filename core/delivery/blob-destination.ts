import type { BlobInfo, ByteRange } from "../blob-source.ts";

/** What a store accepts as parts of one upload. Bytes, but for the counts. */
export interface PartLimits {
  /** The shortest part; the last one may be shorter. */
  readonly minPartBytes: number;
  /** The longest part. */
  readonly maxPartBytes: number;
  /** The most parts of one upload. */
  readonly maxParts: number;
  /** Whether all parts but the last one must have the same length. */
  readonly equalParts: boolean;
}

/** What a store does by itself. What it lacks, the adapter makes up for as said here. */
export interface DestinationTraits {
  /** What it takes for parts. */
  readonly limits: PartLimits;
  /** What the store compares each part with when it arrives; "none" where it is read back. */
  readonly partCheck: "crc32" | "crc32c" | "md5" | "none";
  /**
   * Whether `complete` compares the checksum, length and precondition in one step with making the
   * object visible. Otherwise the adapter looks right before and behind: an object that somebody
   * puts there within these milliseconds is replaced.
   */
  readonly isAtomic: boolean;
  /**
   * Whether `copyPart` works: "checked" tells the CRC-32 of what it has copied, "plain" does not.
   */
  readonly copies: "none" | "plain" | "checked";
}

/** An upload that has begun. Plain data: kept in a delivery's state, any process can go on with it. */
export interface Upload {
  /** The name that the object will have. */
  readonly key: string;
  /** The store's name for the upload. */
  readonly id: string;
  /** As in `UploadTerms`. */
  readonly mark: string;
}

/** What an object is to be, besides its bytes. */
export interface UploadTerms {
  /** Names the delivery: kept with the object, so that no other object is ever taken for it. */
  readonly mark: string;
  /** Media type (RFC 9110, 8.3). */
  readonly contentType: string;
  /** More to keep with the object where the store has room for it: lower-case names, ASCII values. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Where a part stands in the object. */
export interface PartPlace {
  /** From 1; parts are joined in the order of their numbers. */
  readonly number: number;
  /** Offset of its first byte in the object. */
  readonly start: number;
}

/** A part that the store has. Plain data. */
export interface StoredPart {
  /** As in `PartPlace`. */
  readonly number: number;
  /** Its length in bytes. */
  readonly size: number;
  /** What `complete` names it by. */
  readonly receipt: string;
  /** CRC-32 of its bytes, if the store or the adapter knows it. Unsigned. */
  readonly crc32?: number;
}

/** What must hold for an object to become visible. */
export interface CompletionTerms {
  /** The object's length in bytes. */
  readonly size: number;
  /** CRC-32 of the whole object, unsigned; `undefined` where nobody knows it. */
  readonly crc32: number | undefined;
  /** "nothing": the key is free. "anything": no matter. Else the version that is to be replaced. */
  readonly replaces: "nothing" | "anything" | { readonly version: string };
}

/** An object of a destination. */
export interface StoredObject {
  /** Its name. */
  readonly key: string;
  /** Its length in bytes. */
  readonly size: number;
  /** As `BlobInfo.version`, of a source of the same place. */
  readonly version: string;
  /** CRC-32 of the whole object, if the store states it. */
  readonly crc32?: number;
}

/** An upload that a store has kept, and since when. */
export interface FoundUpload {
  /** What `abort` takes. */
  readonly upload: Upload;
  /** When it began. */
  readonly begun: Date;
}

/**
 * Write-only view of a bucket: an object is uploaded in parts, and becomes visible as a whole or
 * not at all. Parts may be sent in any order, several at once and more than once: the last one of a
 * number counts. Every method rejects with a `ZiplinkError` whose code is `denied`, `throttled`,
 * `unavailable`, `timeout`, `full` where the store has no room, or one that stands beside it; and
 * with `signal.reason` once `signal` aborts. After any failure the same call may be made again,
 * except `begin`, which then may leave an upload behind that `uploads` finds.
 */
export interface BlobDestination {
  /** What the store does by itself. */
  readonly traits: DestinationTraits;

  /** Begins an upload. Nothing is visible of it. Rejects with `malformed` for a key that cannot be. */
  begin(key: string, terms: UploadTerms, signal?: AbortSignal): Promise<Upload>;

  /**
   * Sends a part, in place of an earlier one of its number. `bytes` are only read, and not after
   * this has settled. Rejects with `not_found` if the upload is gone, `corrupt` if the store got
   * other bytes.
   */
  putPart(
    upload: Upload,
    place: PartPlace,
    bytes: Uint8Array,
    signal?: AbortSignal,
  ): Promise<StoredPart>;

  /**
   * Has the store itself copy bytes of an object in the same store into a part. Rejects with
   * `malformed` where `traits.copies` is "none", `not_found` if the upload is gone, `changed` if the
   * object is another one.
   */
  copyPart(
    upload: Upload,
    place: PartPlace,
    blob: BlobInfo,
    range: ByteRange,
    signal?: AbortSignal,
  ): Promise<StoredPart>;

  /** The parts that the store has, by ascending number. Rejects with `not_found` if the upload is gone. */
  listParts(upload: Upload, signal?: AbortSignal): Promise<readonly StoredPart[]>;

  /**
   * Makes the object visible if all terms hold, and lets go of the upload. Resolves again for an
   * upload that has completed before. Rejects with `corrupt` where length or checksum are others or
   * parts are missing, `changed` where `replaces` does not hold, `not_found` if the upload is gone
   * and has not become the object; then nothing has become visible.
   *
   * @param parts all of them, as `putPart`, `copyPart` or `listParts` gave them, by ascending number
   */
  complete(
    upload: Upload,
    parts: readonly StoredPart[],
    terms: CompletionTerms,
    signal?: AbortSignal,
  ): Promise<StoredObject>;

  /** Gives the upload up, and with it all its parts. Resolves as well if there is none any more. */
  abort(upload: Upload, signal?: AbortSignal): Promise<void>;

  /** The object under `key`, if there is one. */
  find(key: string, signal?: AbortSignal): Promise<StoredObject | undefined>;

  /** The object that `upload` has become, if that is what is there now. */
  findUploaded(upload: Upload, signal?: AbortSignal): Promise<StoredObject | undefined>;

  /** Removes the object that `upload` has become, never another one. Tells whether there was one. */
  remove(upload: Upload, signal?: AbortSignal): Promise<boolean>;

  /**
   * Uploads under way whose keys start with `prefix`, in no particular order. They are not only
   * ours: where a store does not keep the mark of an upload, it is "".
   */
  uploads(prefix: string, signal?: AbortSignal): AsyncIterable<FoundUpload>;
}
