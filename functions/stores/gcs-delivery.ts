/** Opens Cloud Storage for writing; in a module of its own, so that a start without deliveries does not load it. */

import { createGcsDestination } from "../../adapters/gcs/destination.ts";
import { presignGcsGet } from "../../adapters/gcs/presign.ts";
import { createGcsBucket } from "../../adapters/gcs/source.ts";
import { createGcsStateStore } from "../../adapters/gcs/state-store.ts";
import type { BlobDestination } from "../../core/delivery/blob-destination.ts";
import type { StateStore } from "../../core/delivery/state-store.ts";
import type { BucketLocation } from "../config/location.ts";
import type { StoresConfig } from "../config/stores-config.ts";

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
  const { apiEndpoint } = config;
  const options = { bucket, ...(apiEndpoint !== undefined && { apiEndpoint }) };
  return createGcsStateStore({ bucket: createGcsBucket(options), prefix });
}

/** Returns a function that signs URLs; `undefined` for a stand-in, which does not know signatures. */
export function openGcsPresigner(location: BucketLocation, config: StoresConfig["gcs"]) {
  if (config.apiEndpoint !== undefined) return undefined;
  const bucket = createGcsBucket({ bucket: location.bucket });
  return (options: Parameters<typeof presignGcsGet>[2]) =>
    presignGcsGet(bucket, location.prefix, options);
}
