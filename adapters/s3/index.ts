/**
 * `@ziplink/ziplink/s3`: buckets of S3 and of stores with its protocol. Requires
 * `@aws-sdk/client-s3`.
 */
export { createS3Client, type S3ClientOptions } from "./client.ts";
export {
  createS3Destination,
  type S3DestinationOptions,
  type S3Encryption,
} from "./destination.ts";
export { createS3ObjectStore, type S3ObjectStoreOptions } from "./object-store.ts";
export { createS3Source, type S3SourceOptions } from "./source.ts";
export { createS3StateStore, type S3StateStoreOptions } from "./state-store.ts";
