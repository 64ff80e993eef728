/** The Cloud Storage adapters and their SDK, loaded together and only if a setting names such a bucket. */

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
