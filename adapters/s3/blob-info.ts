import type { HeadObjectCommandOutput } from "@aws-sdk/client-s3";
import type { BlobInfo } from "../../core/blob-source.ts";
import { statedCodings } from "../../core/input/content-codings.ts";
import { checkBlob } from "../../core/source/check-blob.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { fullCrc32, quoteETag } from "./facts.ts";

/**
 * The key of an object's version id, kept beside `version` since a listing does not state it.
 * Copies of an info keep it.
 */
export const versionId = Symbol("versionId");

/** A description with the version id, where the bucket keeps versions. */
export interface S3BlobInfo extends BlobInfo {
  readonly [versionId]?: string;
}

type ObjectFacts = Pick<HeadObjectCommandOutput, "ContentLength" | "ETag" | "LastModified"> &
  Partial<HeadObjectCommandOutput>;

/** Classes from which an object must be restored before it can be read; other stores have other names. */
const ARCHIVE_CLASS = /^(?!GLACIER_IR$).*(?:GLACIER|ARCHIVE)/;

/**
 * Whether an object's bytes may be unreadable: archived and not restored, or encrypted with a key that each
 * request must bring along. Only an attempt to read tells: the object may have been restored, or the store
 * may mean another class by such a name. An empty object has nothing to be read.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/storage-class-intro.html
 */
export function mayBeUnreadable(facts: ObjectFacts): boolean {
  const { ContentLength: size, StorageClass = "", ArchiveStatus, SSECustomerAlgorithm } = facts;
  const isArchived = ARCHIVE_CLASS.test(StorageClass) || ArchiveStatus !== undefined;
  return size !== 0 && (isArchived || SSECustomerAlgorithm !== undefined);
}

/** Returns the description of an object; throws `corrupt` unless it is complete. */
export function toBlobInfo(key: string, facts: ObjectFacts): S3BlobInfo {
  const {
    ContentLength: size,
    ETag,
    LastModified,
    ContentType,
    ContentEncoding,
    VersionId,
  } = facts;
  if (size === undefined || !ETag || LastModified === undefined) throw storeError("no_description");
  const crc32 = fullCrc32(facts);
  // Whole seconds, as in the headers of an object; some stores list fractions.
  const modified = new Date(Math.floor(LastModified.getTime() / 1000) * 1000);
  return checkBlob({
    key,
    size,
    version: quoteETag(ETag),
    modified,
    ...(ContentType !== undefined && { contentType: ContentType }),
    ...statedCodings(ContentEncoding),
    ...(crc32 !== undefined && { crc32 }),
    // "null" is the version of objects stored before the bucket kept versions.
    ...(VersionId !== undefined && VersionId !== "null" && { [versionId]: VersionId }),
  });
}
