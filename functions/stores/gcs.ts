/** What is loaded where a setting names a bucket of Cloud Storage: the adapters with the SDK, in one go. */

import { createGcsObjectStore } from "../../adapters/gcs/object-store.ts";
import { createGcsBucket, createGcsSource } from "../../adapters/gcs/source.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import type { ObjectStore } from "../../core/source/object-store.ts";
import type { BucketLocation } from "../config/location.ts";
import type { StoresConfig } from "../config/stores-config.ts";

export function openGcsSource(location: BucketLocation, config: StoresConfig["gcs"]): BlobSource {
  const { bucket, prefix } = location;
  return createGcsSource({ bucket: createGcsBucket({ bucket, ...config }), prefix });
}

export function openGcsObjectStore(
  location: BucketLocation,
  config: StoresConfig["gcs"],
): ObjectStore {
  const { bucket, prefix } = location;
  return createGcsObjectStore({ bucket: createGcsBucket({ bucket, ...config }), prefix });
}
