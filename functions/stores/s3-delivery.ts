/** Opens S3 for writing; in a module of its own, so that a start without deliveries does not load it. */

import { createS3Client } from "../../adapters/s3/client.ts";
import { createS3Destination } from "../../adapters/s3/destination.ts";
import { type PresignOptions, presignS3Get } from "../../adapters/s3/presign.ts";
import { createS3StateStore } from "../../adapters/s3/state-store.ts";
import type { BlobDestination } from "../../core/delivery/blob-destination.ts";
import type { StateStore } from "../../core/delivery/state-store.ts";
import type { BucketLocation } from "../config/location.ts";
import type { StoresConfig } from "../config/stores-config.ts";

/** How long a part may take to be sent, in milliseconds. */
const SENDING_MS = 300_000;

export function openS3Destination(
  location: BucketLocation,
  config: StoresConfig["s3"],
): BlobDestination {
  const { bucket, prefix } = location;
  const { partCheck, equalParts, encryption } = config;
  const client = createS3Client({ ...config, answerTimeoutMs: SENDING_MS });
  return createS3Destination({ client, bucket, prefix, partCheck, equalParts, encryption });
}

export function openS3StateStore(location: BucketLocation, config: StoresConfig["s3"]): StateStore {
  const { bucket, prefix } = location;
  const unquotedIfMatch = config.partCheck === "md5";
  return createS3StateStore({ client: createS3Client(config), bucket, prefix, unquotedIfMatch });
}

export function openS3Presigner(location: BucketLocation, config: StoresConfig["s3"]) {
  const client = createS3Client(config);
  return (options: PresignOptions) => presignS3Get(client, location, options);
}
