import { statSync } from "node:fs";
import type { BlobSource } from "../core/blob-source.ts";
import type { ObjectStore } from "../core/crc/crc-store.ts";
import { createManifestStore, type ManifestStore } from "../core/manifest.ts";
import { type Config, ConfigError } from "./config.ts";
import type { LinkConfig } from "./link-config.ts";
import type { Location } from "./location.ts";

type StoreConfig = Pick<Config, "s3" | "gcs">;

/** The source at a location. Only the adapter and the SDK that it needs are loaded. */
export async function openSource(location: Location, config: StoreConfig): Promise<BlobSource> {
  switch (location.kind) {
    case "folder": {
      if (!statSync(location.path, { throwIfNoEntry: false })?.isDirectory()) {
        throw new ConfigError("SOURCE: there is no such folder");
      }
      const { createFsSource } = await import("../adapters/fs.ts");
      return createFsSource({ root: location.path });
    }
    case "s3": {
      const { createS3Source } = await import("../adapters/s3.ts");
      const { createS3Client } = await import("../adapters/s3-client.ts");
      const { bucket, prefix } = location;
      return createS3Source({ client: createS3Client(config.s3), bucket, prefix });
    }
    case "gcs": {
      const { createGcsBucket, createGcsSource } = await import("../adapters/gcs.ts");
      const { bucket, prefix } = location;
      return createGcsSource({ bucket: createGcsBucket({ bucket, ...config.gcs }), prefix });
    }
    case "http": {
      const { createHttpSource } = await import("../adapters/http.ts");
      return createHttpSource({ base: location.base });
    }
  }
}

/** The place for small objects at a location, which `setting` names. */
export async function openObjectStore(
  setting: string,
  location: Location,
  config: StoreConfig,
): Promise<ObjectStore> {
  switch (location.kind) {
    case "folder": {
      const { createFsObjectStore } = await import("../adapters/fs-object-store.ts");
      return createFsObjectStore({ root: location.path });
    }
    case "s3": {
      const { createS3Client } = await import("../adapters/s3-client.ts");
      const { createS3ObjectStore } = await import("../adapters/s3-object-store.ts");
      const { bucket, prefix } = location;
      return createS3ObjectStore({ client: createS3Client(config.s3), bucket, prefix });
    }
    case "gcs": {
      const { createGcsBucket } = await import("../adapters/gcs.ts");
      const { createGcsObjectStore } = await import("../adapters/gcs-object-store.ts");
      const { bucket, prefix } = location;
      return createGcsObjectStore({ bucket: createGcsBucket({ bucket, ...config.gcs }), prefix });
    }
    case "http":
      throw new ConfigError(
        `${setting}: an HTTP server cannot be written to; use a folder or bucket`,
      );
  }
}

/** Where manifests are kept, if anywhere. */
export async function openManifestStore(
  config: LinkConfig & Partial<Pick<Config, "planCacheSeconds">>,
): Promise<ManifestStore | undefined> {
  const { manifestStore, planCacheSeconds: cacheSeconds } = config;
  if (!manifestStore) return undefined;
  const objects = await openObjectStore("MANIFEST_STORE", manifestStore, config);
  return createManifestStore({ objects, ...(cacheSeconds === undefined ? {} : { cacheSeconds }) });
}
