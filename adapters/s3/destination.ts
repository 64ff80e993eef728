import { createHash } from "node:crypto";
import {
  AbortMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListMultipartUploadsCommand,
  type S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import { crc32 } from "../../core/bytes/crc32.ts";
import type { BlobDestination, DestinationTraits } from "../../core/delivery/blob-destination.ts";
import { wrongUpload } from "../../core/delivery/joined-parts.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { completeS3Upload } from "./complete-upload.ts";
import { copyS3Part } from "./copy-part.ts";
import { decodeCrc32, encodeCrc32, quoteETag } from "./facts.ts";
import { decodeKey, toS3Key } from "./keys.ts";
import { listS3Parts } from "./list-parts.ts";
import { translatedWrite } from "./upload-errors.ts";
import {
  headObject,
  isOf,
  MARK,
  pathOf,
  removeUploaded,
  type S3Place,
  sendUnhashed,
  toStoredObject,
  withSignal,
} from "./uploaded.ts";

const MiB = 1024 * 1024;

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html */
export const s3PartLimits = {
  minPartBytes: 5 * MiB,
  maxPartBytes: 5 * 1024 * MiB,
  maxParts: 10_000,
  equalParts: false,
};

/** How the store encrypts objects. */
export type S3Encryption =
  /** SSE-S3: with the store's own keys. */
  | { readonly kind: "AES256" }
  /** SSE-KMS: with a key of AWS KMS; default: the account's own key for S3. */
  | { readonly kind: "aws:kms"; readonly keyId?: string | undefined };

/** The bucket and the folder of a destination, and how to write to it. */
export interface S3DestinationOptions {
  /**
   * A client such as `createS3Client` returns, with an `answerTimeoutMs` that is long enough to
   * send a part.
   */
  readonly client: S3Client;
  /** The bucket's name, without `s3://`. */
  readonly bucket: string;
  /** The folder of the bucket to write to. Keys are relative to it. Default: its root. */
  readonly prefix?: string;
  /**
   * How the store checks uploads. "crc32", as AWS does: it compares each part and the whole object
   * with its CRC-32, and supports preconditions. "md5", for stores without this: it compares parts
   * with their MD5, and everything else is checked before and after.
   */
  readonly partCheck: "crc32" | "md5";
  /** Whether all parts but the last must have the same length, as R2 requires. Default false. */
  readonly equalParts?: boolean;
  /** Default: the bucket's own encryption. */
  readonly encryption?: S3Encryption | undefined;
  /**
   * The source, in the same store, that `copyPart` copies from. Default: none, and copies are
   * refused.
   */
  readonly copiesFrom?: { readonly bucket: string; readonly prefix?: string };
}

/**
 * Uploads to a bucket, or to a folder of it, with multipart uploads.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html
 */
export function createS3Destination(options: S3DestinationOptions): BlobDestination {
  const { client, bucket: Bucket, partCheck, copiesFrom, encryption } = options;
  const root = toFolder(options.prefix);
  const isCrc32 = partCheck === "crc32";
  const traits: DestinationTraits = {
    limits: { ...s3PartLimits, equalParts: options.equalParts ?? false },
    partCheck,
    isAtomic: isCrc32,
    copies: !copiesFrom ? "none" : isCrc32 ? "checked" : "plain",
  };
  const place: S3Place = { client, Bucket, root, isCrc32 };

  const destination: BlobDestination = {
    traits,

    /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_CreateMultipartUpload.html */
    async begin(key, { mark, contentType, metadata }, signal) {
      signal?.throwIfAborted();
      const command = new CreateMultipartUploadCommand({
        Bucket,
        Key: toNewKey(root, key),
        ContentType: contentType,
        Metadata: { ...metadata, [MARK]: mark },
        ...(isCrc32 && { ChecksumAlgorithm: "CRC32", ChecksumType: "FULL_OBJECT" }),
        ...(encryption && { ServerSideEncryption: encryption.kind }),
        ...(encryption?.kind === "aws:kms" && { SSEKMSKeyId: encryption.keyId }),
      });
      const { UploadId } = await translatedWrite(client.send(command, withSignal(signal)), signal);
      if (UploadId === undefined) throw storeError("corrupt");
      return { key, id: UploadId, mark };
    },

    /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPart.html */
    async putPart(upload, { number }, bytes, signal) {
      signal?.throwIfAborted();
      const crc = crc32(bytes);
      const command = new UploadPartCommand({
        ...pathOf(place, upload),
        PartNumber: number,
        Body: bytes,
        ContentLength: bytes.length,
        ...(isCrc32
          ? { ChecksumCRC32: encodeCrc32(crc) }
          : { ContentMD5: createHash("md5").update(bytes).digest("base64") }),
      });
      const { ETag, ChecksumCRC32 } = await translatedWrite(
        sendUnhashed(client, command, signal),
        signal,
      );
      if (ETag === undefined) throw storeError("corrupt");
      // A store that does not compare it would not state it either.
      if (isCrc32 && decodeCrc32(ChecksumCRC32) !== crc) throw wrongUpload();
      return { number, size: bytes.length, receipt: quoteETag(ETag), crc32: crc };
    },

    async copyPart(upload, part, blob, range, signal) {
      signal?.throwIfAborted();
      if (copiesFrom) return copyS3Part(place, copiesFrom, upload, part, blob, range, signal);
      throw new ZiplinkError("malformed", "This destination cannot copy from the source.");
    },

    async listParts(upload, signal) {
      signal?.throwIfAborted();
      return listS3Parts(place, upload, signal);
    },

    async complete(upload, parts, terms, signal) {
      signal?.throwIfAborted();
      return completeS3Upload(place, upload, parts, terms, signal);
    },

    /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_AbortMultipartUpload.html */
    async abort(upload, signal) {
      signal?.throwIfAborted();
      // A part in transit may have arrived in between, and then still exists.
      for (let attempt = 1; attempt <= 3; attempt++) {
        const command = new AbortMultipartUploadCommand(pathOf(place, upload));
        try {
          await translatedWrite(client.send(command, withSignal(signal)), signal);
          await listS3Parts(place, upload, signal);
        } catch (error) {
          if (error instanceof ZiplinkError && error.code === "not_found") return;
          throw error;
        }
      }
    },

    async find(key, signal) {
      signal?.throwIfAborted();
      const found = await headObject(place, key, signal);
      return found && toStoredObject(key, found);
    },

    async findUploaded(upload, signal) {
      signal?.throwIfAborted();
      const found = await headObject(place, upload.key, signal);
      return found && isOf(upload, found) ? toStoredObject(upload.key, found) : undefined;
    },

    async remove(upload, signal) {
      signal?.throwIfAborted();
      return removeUploaded(place, upload, signal);
    },

    /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListMultipartUploads.html */
    async *uploads(prefix, signal) {
      signal?.throwIfAborted();
      let marker: { KeyMarker?: string | undefined; UploadIdMarker?: string | undefined } = {};
      for (;;) {
        const command = new ListMultipartUploadsCommand({
          Bucket,
          Prefix: root + prefix,
          EncodingType: "url",
          ...marker,
        });
        const page = await translatedWrite(client.send(command, withSignal(signal)), signal);
        for (const { Key = "", UploadId, Initiated } of page.Uploads ?? []) {
          if (UploadId === undefined || Initiated === undefined) throw storeError("corrupt");
          const key = (page.EncodingType === "url" ? decodeKey(Key) : Key).slice(root.length);
          yield { upload: { key, id: UploadId, mark: "" }, begun: Initiated };
        }
        if (!page.IsTruncated) return;
        marker = { KeyMarker: page.NextKeyMarker, UploadIdMarker: page.NextUploadIdMarker };
      }
    },
  };

  return destination;
}

function toNewKey(root: string, key: string): string {
  try {
    return toS3Key(root, key);
  } catch (cause) {
    throw new ZiplinkError("malformed", "The destination's key is not one that S3 can have.", {
      cause,
    });
  }
}
