import { CompleteMultipartUploadCommand } from "@aws-sdk/client-s3";
import { isPassing } from "../../core/async/retry.ts";
import type {
  CompletionTerms,
  StoredObject,
  StoredPart,
  Upload,
} from "../../core/delivery/blob-destination.ts";
import {
  assertJoin,
  notReplaceable,
  uploadGone,
  wrongUpload,
} from "../../core/delivery/joined-parts.ts";
import { encodeCrc32 } from "./facts.ts";
import { listS3Parts } from "./list-parts.ts";
import { translatedWrite } from "./upload-errors.ts";
import {
  headObject,
  isOf,
  joinedETag,
  pathOf,
  removeUploaded,
  type S3Place,
  toStoredObject,
  withSignal,
} from "./uploaded.ts";

/**
 * Implements `BlobDestination.complete`. AWS checks all terms atomically when it completes the
 * upload. For stores that do not, the key is checked just before, and the object just after.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html
 */
export async function completeS3Upload(
  place: S3Place,
  upload: Upload,
  parts: readonly StoredPart[],
  terms: CompletionTerms,
  signal?: AbortSignal,
): Promise<StoredObject> {
  const { client, isCrc32 } = place;
  try {
    assertJoin(parts, terms);
    if (!isCrc32) await assertReplaceable(place, upload.key, terms, signal);
    const command = new CompleteMultipartUploadCommand({
      ...pathOf(place, upload),
      MultipartUpload: {
        Parts: parts.map(({ number, receipt, crc32: crc }) => ({
          PartNumber: number,
          ETag: receipt,
          ...(isCrc32 && crc !== undefined && { ChecksumCRC32: encodeCrc32(crc) }),
        })),
      },
      ...(isCrc32 && atomicTerms(terms)),
    });
    await translatedWrite(client.send(command, withSignal(signal)), signal);
  } catch (error) {
    // An earlier attempt may have succeeded, with only its answer lost.
    signal?.throwIfAborted();
    const found = await headObject(place, upload.key, signal);
    const object = found && isOf(upload, found) && toStoredObject(upload.key, found);
    if (object && object.size === terms.size) return object;
    if (isCrc32 && isNoSuchKey(error)) throw notReplaceable(error);
    // radosgw answers 500 for an upload that is gone; listing its parts makes the difference clear.
    if (isPassing(error)) await listS3Parts(place, upload, signal);
    throw error;
  }
  return await verify(place, upload, parts, terms, signal);
}

/** Whether AWS reports that If-Match names a version but there is no object. */
function isNoSuchKey(error: unknown): boolean {
  return error instanceof Error && (error.cause as Error | undefined)?.name === "NoSuchKey";
}

async function assertReplaceable(
  place: S3Place,
  key: string,
  { replaces }: CompletionTerms,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (replaces === "anything") return;
  const found = await headObject(place, key, signal);
  const wanted = replaces === "nothing" ? undefined : replaces.version;
  if ((found && toStoredObject(key, found).version) !== wanted) throw notReplaceable();
}

/** Returns the preconditions that AWS checks atomically when it completes an upload. */
function atomicTerms({ size, crc32: crc, replaces }: CompletionTerms) {
  return {
    MpuObjectSize: size,
    ...(crc !== undefined && {
      ChecksumCRC32: encodeCrc32(crc),
      ChecksumType: "FULL_OBJECT" as const,
    }),
    ...(replaces === "nothing" && { IfNoneMatch: "*" }),
    ...(typeof replaces === "object" && { IfMatch: replaces.version }),
  };
}

/** Checks the object that has become visible, and removes it again if it is wrong. */
async function verify(
  place: S3Place,
  upload: Upload,
  parts: readonly StoredPart[],
  terms: CompletionTerms,
  signal: AbortSignal | undefined,
): Promise<StoredObject> {
  const found = await headObject(place, upload.key, signal);
  // Another object may have replaced it already, as it may at any later time.
  if (!found || !isOf(upload, found)) throw uploadGone();
  const object = toStoredObject(upload.key, found);
  const etag = place.isCrc32 ? undefined : joinedETag(parts);
  const isWrong =
    object.size !== terms.size ||
    (etag !== undefined && etag !== object.version) ||
    (object.crc32 !== undefined && terms.crc32 !== undefined && object.crc32 !== terms.crc32);
  if (!isWrong) return object;
  await removeUploaded(place, upload, signal);
  throw wrongUpload();
}
