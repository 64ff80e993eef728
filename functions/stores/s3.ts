/** What is loaded where a setting names a bucket of S3: the adapters with the SDK, in one go. */
import { createS3Source } from "../../adapters/s3.ts";
import { createS3Client } from "../../adapters/s3-client.ts";
import { createS3ObjectStore } from "../../adapters/s3-object-store.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import type { ObjectStore } from "../../core/object-store.ts";
import type { LinkConfig } from "../link-config.ts";
import type { BucketLocation } from "../location.ts";

export function openS3Source(location: BucketLocation, config: LinkConfig["s3"]): BlobSource {
  const { bucket, prefix } = location;
  return createS3Source({ client: createS3Client(config), bucket, prefix });
}

export function openS3ObjectStore(location: BucketLocation, config: LinkConfig["s3"]): ObjectStore {
  const { bucket, prefix } = location;
  return createS3ObjectStore({ client: createS3Client(config), bucket, prefix });
}
