import { ListPartsCommand } from "@aws-sdk/client-s3";
import type { StoredPart, Upload } from "../../core/delivery/blob-destination.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { decodeCrc32, quoteETag } from "./facts.ts";
import { translatedWrite } from "./upload-errors.ts";
import { pathOf, type S3Place, withSignal } from "./uploaded.ts";

/**
 * Implements `BlobDestination.listParts`.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
 */
export async function listS3Parts(
  place: S3Place,
  upload: Upload,
  signal?: AbortSignal,
): Promise<StoredPart[]> {
  const parts: StoredPart[] = [];
  let PartNumberMarker: string | undefined;
  do {
    const command = new ListPartsCommand({ ...pathOf(place, upload), PartNumberMarker });
    const page = await translatedWrite(place.client.send(command, withSignal(signal)), signal);
    for (const { PartNumber: number, Size: size, ETag, ChecksumCRC32 } of page.Parts ?? []) {
      if (number === undefined || size === undefined || ETag === undefined)
        throw storeError("corrupt");
      const crc = decodeCrc32(ChecksumCRC32);
      const receipt = quoteETag(ETag);
      parts.push({ number, size, receipt, ...(crc !== undefined && { crc32: crc }) });
    }
    PartNumberMarker = page.IsTruncated ? page.NextPartNumberMarker : undefined;
  } while (PartNumberMarker !== undefined);
  return parts;
}
