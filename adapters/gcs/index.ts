/** `@ziplink/ziplink/gcs`: buckets of Google Cloud Storage. Requires `@google-cloud/storage`. */
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
