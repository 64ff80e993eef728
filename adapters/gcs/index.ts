/** `@ziplink/ziplink/gcs`: buckets of Google Cloud Storage. Requires `@google-cloud/storage`. */

export { createGcsDestination, type GcsDestinationOptions } from "./destination.ts";
export {
  createGcsObjectStore,
  type GcsObjectStoreOptions,
  type GcsStoreBucket,
  type GcsStoredFile,
} from "./object-store.ts";
export {
  createGcsBucket,
  createGcsSource,
  type GcsBucket,
  type GcsBucketOptions,
  type GcsFile,
  type GcsSourceOptions,
} from "./source.ts";
export { createGcsStateStore, type GcsStateStoreOptions } from "./state-store.ts";
