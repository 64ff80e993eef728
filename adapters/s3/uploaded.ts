import { createHash } from "node:crypto";
import {
  DeleteObjectCommand,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  type S3Client,
  type UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { StoredObject, StoredPart, Upload } from "../../core/delivery/blob-destination.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { fullCrc32, quoteETag } from "./facts.ts";
import { translatedWrite } from "./upload-errors.ts";

/** The location of uploads, and how the store checks them. */
export interface S3Place {
  readonly client: S3Client;
  readonly Bucket: string;
  /** The folder of the bucket, with a trailing slash; "" for the root. */
  readonly root: string;
  /** Whether the store checks CRC-32s and preconditions, as AWS does. */
  readonly isCrc32: boolean;
}

/** The parameters that identify an upload in a request. */
export function pathOf({ Bucket, root }: S3Place, { key, id: UploadId }: Upload) {
  return { Bucket, Key: root + key, UploadId };
}

/** The options of a request. */
export function withSignal(signal: AbortSignal | undefined) {
  return { ...(signal && { abortSignal: signal }) };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
export async function headObject(
  { client, Bucket, root }: S3Place,
  key: string,
  signal?: AbortSignal,
): Promise<HeadObjectCommandOutput | undefined> {
  const command = new HeadObjectCommand({ Bucket, Key: root + key, ChecksumMode: "ENABLED" });
  try {
    return await translatedWrite(client.send(command, withSignal(signal)), signal);
  } catch (error) {
    if (error instanceof ZiplinkError && error.code === "not_found") return undefined;
    throw error;
  }
}

/**
 * Implements `BlobDestination.remove`.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObject.html
 */
export async function removeUploaded(
  place: S3Place,
  upload: Upload,
  signal?: AbortSignal,
): Promise<boolean> {
  const found = await headObject(place, upload.key, signal);
  if (!found || !isOf(upload, found)) return false;
  const { VersionId, ETag } = found;
  const isVersioned = VersionId !== undefined && VersionId !== "null";
  const command = new DeleteObjectCommand({
    Bucket: place.Bucket,
    Key: place.root + upload.key,
    // Without versions, another object may have replaced it since.
    ...(isVersioned ? { VersionId } : place.isCrc32 && { IfMatch: ETag }),
  });
  await translatedWrite(place.client.send(command, withSignal(signal)), signal);
  return true;
}

/** The metadata key of an upload's mark on its object. */
export const MARK = "ziplink-delivery";

/** Returns the object that HEAD describes. */
export function toStoredObject(key: string, facts: HeadObjectCommandOutput): StoredObject {
  const { ContentLength: size, ETag } = facts;
  if (size === undefined || ETag === undefined) throw storeError("corrupt");
  const crc32 = fullCrc32(facts);
  return { key, size, version: quoteETag(ETag), ...(crc32 !== undefined && { crc32 }) };
}

/** Whether HEAD describes the object that the upload has become. */
export function isOf({ mark }: Upload, { Metadata }: HeadObjectCommandOutput): boolean {
  return Metadata?.[MARK] === mark;
}

/**
 * Returns the ETag of an object joined from parts whose ETags are MD5s: the MD5 of the concatenated
 * MD5s, and their number. Returns `undefined` if the ETag of a part is not an MD5, as with SSE-KMS.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_Object.html
 */
export function joinedETag(parts: readonly StoredPart[]): string | undefined {
  const hash = createHash("md5");
  for (const { receipt } of parts) {
    const [, md5] = /^"([0-9a-f]{32})"$/.exec(receipt) ?? [];
    if (md5 === undefined) return undefined;
    hash.update(Buffer.from(md5, "hex"));
  }
  return `"${hash.digest("hex")}-${parts.length}"`;
}

/**
 * Sends a part whose checksum is among the signed headers, so that its bytes need not be hashed
 * again for the signature: SHA-256 takes as long as the rest of an upload.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html
 */
export function sendUnhashed(
  client: S3Client,
  command: UploadPartCommand,
  signal: AbortSignal | undefined,
) {
  command.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      headers["x-amz-content-sha256"] = "UNSIGNED-PAYLOAD";
      return next(args);
    },
    { step: "build", name: "unsignedPart" },
  );
  return client.send(command, withSignal(signal));
}
