/** The Cloud Storage adapters and their SDK, loaded together and only if a setting names such a bucket. */

import { createGcsDestination } from "../../adapters/gcs/destination.ts";
import { createGcsObjectStore } from "../../adapters/gcs/object-store.ts";
import { presignGcsGet } from "../../adapters/gcs/presign.ts";
import { createGcsBucket, createGcsSource } from "../../adapters/gcs/source.ts";
import { createGcsStateStore } from "../../adapters/gcs/state-store.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import type { BlobDestination } from "../../core/delivery/blob-destination.ts";
import type { StateStore } from "../../core/delivery/state-store.ts";
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

export function openGcsDestination(
  location: BucketLocation,
  config: StoresConfig["gcs"],
): BlobDestination {
  const { bucket, prefix } = location;
  const { kmsKeyName, ...client } = config;
  return createGcsDestination({
    bucket: createGcsBucket({ bucket, ...client }),
    prefix,
    kmsKeyName,
  });
}

export function openGcsStateStore(
  location: BucketLocation,
  config: StoresConfig["gcs"],
): StateStore {
  const { bucket, prefix } = location;
  return createGcsStateStore({ bucket: createGcsBucket({ bucket, ...config }), prefix });
}

/** Returns what signs URLs, if the store is not a stand-in, which knows no signatures. */
export function openGcsPresigner(location: BucketLocation, config: StoresConfig["gcs"]) {
  if (config.apiEndpoint !== undefined) return undefined;
  const bucket = createGcsBucket({ bucket: location.bucket });
  return (options: Parameters<typeof presignGcsGet>[2]) =>
    presignGcsGet(bucket, location.prefix, options);
}
