/** The S3 adapters and their SDK, loaded together and only if a setting names an S3 bucket. */

import { createS3Client } from "../../adapters/s3/client.ts";
import { createS3ObjectStore } from "../../adapters/s3/object-store.ts";
import { createS3Source } from "../../adapters/s3/source.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import type { ObjectStore } from "../../core/source/object-store.ts";
import type { BucketLocation } from "../config/location.ts";
import type { StoresConfig } from "../config/stores-config.ts";

export function openS3Source(location: BucketLocation, config: StoresConfig["s3"]): BlobSource {
  const { bucket, prefix } = location;
  return createS3Source({ client: createS3Client(config), bucket, prefix });
}

export function openS3ObjectStore(
  location: BucketLocation,
  config: StoresConfig["s3"],
): ObjectStore {
  const { bucket, prefix } = location;
  return createS3ObjectStore({ client: createS3Client(config), bucket, prefix });
}
