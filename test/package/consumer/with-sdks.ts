/** Imports that need a cloud SDK: they must compile once it is installed, and load. */
import type { BlobSource, ObjectStore } from "@ziplink/ziplink";
import {
  createGcsBucket,
  createGcsObjectStore,
  createGcsSource,
  type GcsSourceOptions,
} from "@ziplink/ziplink/gcs";
import {
  createS3Client,
  createS3ObjectStore,
  createS3Source,
  type S3ClientOptions,
} from "@ziplink/ziplink/s3";

const options: S3ClientOptions = { region: "eu-central-1", endpoint: "http://127.0.0.1:1" };
const client = createS3Client(options);
const bucket: GcsSourceOptions["bucket"] = createGcsBucket({
  bucket: "b",
  apiEndpoint: "http://127.0.0.1:1",
});

export const sources: readonly BlobSource[] = [
  createS3Source({ client, bucket: "b" }),
  createGcsSource({ bucket }),
];
export const stores: readonly ObjectStore[] = [
  createS3ObjectStore({ client, bucket: "b" }),
  createGcsObjectStore({ bucket: createGcsBucket({ bucket: "b" }) }),
];
console.log(`${sources.length} sources`);
