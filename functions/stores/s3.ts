/** The S3 adapters and their SDK, loaded together and only if a setting names an S3 bucket. */

import type { S3Client } from "@aws-sdk/client-s3";
import { createS3Client } from "../../adapters/s3/client.ts";
import { createS3ObjectStore } from "../../adapters/s3/object-store.ts";
import { createS3Source } from "../../adapters/s3/source.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import type { ObjectStore } from "../../core/source/object-store.ts";
import { needChange } from "../config/environment.ts";
import type { BucketLocation } from "../config/location.ts";
import type { StoresConfig } from "../config/stores-config.ts";

/** Opens an S3 source. Rejects with `ConfigError` if there is no region. */
export async function openS3Source(
  location: BucketLocation,
  config: StoresConfig["s3"],
): Promise<BlobSource> {
  const { bucket, prefix } = location;
  const { describesListed = false } = config;
  return createS3Source({ client: await openClient(config), bucket, prefix, describesListed });
}

/** Opens a store of small objects in S3. Rejects with `ConfigError` if there is no region. */
export async function openS3ObjectStore(
  location: BucketLocation,
  config: StoresConfig["s3"],
): Promise<ObjectStore> {
  const { bucket, prefix } = location;
  return createS3ObjectStore({ client: await openClient(config), bucket, prefix });
}

/**
 * Creates a client, and has it look for its region now: without one, or with an invalid one, every request
 * would fail.
 */
async function openClient(config: StoresConfig["s3"]): Promise<S3Client> {
  const client = createS3Client(config);
  try {
    await client.config.region();
    return client;
  } catch (error) {
    client.destroy();
    const isMissing = error instanceof Error && /missing|region=""/i.test(error.message);
    const [what, example] = config.endpoint
      ? ["the region of the store at S3_ENDPOINT", "us-east-1, which many such stores expect"]
      : ["the region of the bucket", "eu-central-1"];
    throw needChange(
      `AWS_REGION ${isMissing ? "is not set" : "is not a region"}; set it to ${what}, for example ${example}`,
    );
  }
}
