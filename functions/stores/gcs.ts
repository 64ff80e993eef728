/** What is loaded where a setting names a bucket of Cloud Storage: the adapters with the SDK, in one go. */
import { createGcsBucket, createGcsSource } from "../../adapters/gcs.ts";
import { createGcsObjectStore } from "../../adapters/gcs-object-store.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import type { ObjectStore } from "../../core/object-store.ts";
import type { LinkConfig } from "../link-config.ts";
import type { BucketLocation } from "../location.ts";

export function openGcsSource(location: BucketLocation, config: LinkConfig["gcs"]): BlobSource {
  const { bucket, prefix } = location;
  return createGcsSource({ bucket: createGcsBucket({ bucket, ...config }), prefix });
}

export function openGcsObjectStore(
  location: BucketLocation,
  config: LinkConfig["gcs"],
): ObjectStore {
  const { bucket, prefix } = location;
  return createGcsObjectStore({ bucket: createGcsBucket({ bucket, ...config }), prefix });
}
