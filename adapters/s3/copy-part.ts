import { HeadObjectCommand, UploadPartCopyCommand } from "@aws-sdk/client-s3";
import type { BlobInfo, ByteRange } from "../../core/blob-source.ts";
import type { PartPlace, StoredPart, Upload } from "../../core/delivery/blob-destination.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { decodeCrc32, quoteETag } from "./facts.ts";
import { toS3Key } from "./keys.ts";
import { translatedWrite } from "./upload-errors.ts";
import { pathOf, type S3Place, withSignal } from "./uploaded.ts";

/**
 * Implements `BlobDestination.copyPart` from `source` in the same store.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_UploadPartCopy.html
 */
export async function copyS3Part(
  place: S3Place,
  source: { readonly bucket: string; readonly prefix?: string },
  upload: Upload,
  { number }: PartPlace,
  blob: BlobInfo,
  { start, end }: ByteRange,
  signal?: AbortSignal,
): Promise<StoredPart> {
  const { client, isCrc32 } = place;
  const key = toS3Key(toFolder(source.prefix), blob.key);
  const command = new UploadPartCopyCommand({
    ...pathOf(place, upload),
    PartNumber: number,
    CopySource: `${source.bucket}/${encodeURIComponent(key)}`,
    CopySourceRange: `bytes=${start}-${end - 1}`,
    CopySourceIfMatch: blob.version,
  });
  const answer = client.send(command, withSignal(signal));
  const { CopyPartResult } = await translatedWrite(answer, signal).catch((error: unknown) => {
    // The precondition refers to the copied object.
    if (error instanceof ZiplinkError && error.code === "changed")
      throw storeError("changed", error.cause);
    throw error;
  });
  if (CopyPartResult?.ETag === undefined) throw storeError("corrupt");
  if (!isCrc32) {
    // The store may ignore CopySourceIfMatch, and have copied a different version.
    const head = new HeadObjectCommand({ Bucket: source.bucket, Key: key });
    const { ETag } = await translatedWrite(client.send(head, withSignal(signal)), signal);
    if (ETag === undefined || quoteETag(ETag) !== blob.version) throw storeError("changed");
  }
  const crc = decodeCrc32(CopyPartResult.ChecksumCRC32);
  const receipt = quoteETag(CopyPartResult.ETag);
  return { number, size: end - start, receipt, ...(crc !== undefined && { crc32: crc }) };
}
