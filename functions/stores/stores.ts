import { statSync } from "node:fs";
import { withOptionalPackages } from "../../adapters/optional-packages.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import type { BlobDestination } from "../../core/delivery/blob-destination.ts";
import type { StateStore } from "../../core/delivery/state-store.ts";
import { createManifestStore, type ManifestStore } from "../../core/links/manifest.ts";
import type { ObjectStore } from "../../core/source/object-store.ts";
import type { Config } from "../config/config.ts";
import { ConfigError } from "../config/environment.ts";
import type { LinkConfig } from "../config/link-config.ts";
import type { Location } from "../config/location.ts";
import type { StoresConfig } from "../config/stores-config.ts";

/** Opens the source at a location, and loads only the adapter and SDK that it needs. */
export async function openSource(location: Location, config: StoresConfig): Promise<BlobSource> {
  switch (location.kind) {
    case "folder": {
      if (!statSync(location.path, { throwIfNoEntry: false })?.isDirectory()) {
        throw new ConfigError("SOURCE: the folder does not exist");
      }
      const { createFsSource } = await import("../../adapters/fs/source.ts");
      return createFsSource({ root: location.path });
    }
    case "s3": {
      const { openS3Source } = await withOptionalPackages(() => import("./s3.ts"));
      return openS3Source(location, config.s3);
    }
    case "gcs": {
      const { openGcsSource } = await withOptionalPackages(() => import("./gcs.ts"));
      return openGcsSource(location, config.gcs);
    }
    case "http": {
      const { createHttpSource } = await import("../../adapters/http/source.ts");
      return createHttpSource({ base: location.base });
    }
  }
}

/** Opens the store for small objects at a location; errors name `setting`. */
export async function openObjectStore(
  setting: string,
  location: Location,
  config: StoresConfig,
): Promise<ObjectStore> {
  switch (location.kind) {
    case "folder": {
      const { createFsObjectStore } = await import("../../adapters/fs/object-store.ts");
      return createFsObjectStore({ root: location.path });
    }
    case "s3": {
      const { openS3ObjectStore } = await withOptionalPackages(() => import("./s3.ts"));
      return openS3ObjectStore(location, config.s3);
    }
    case "gcs": {
      const { openGcsObjectStore } = await withOptionalPackages(() => import("./gcs.ts"));
      return openGcsObjectStore(location, config.gcs);
    }
    case "http":
      throw new ConfigError(`${setting}: cannot write to an HTTP server; use a folder or a bucket`);
  }
}

/** Opens the store for manifests, if one is set. */
export async function openManifestStore(
  config: LinkConfig & Partial<Pick<Config, "planCacheSeconds">>,
): Promise<ManifestStore | undefined> {
  const { manifestStore, planCacheSeconds: cacheSeconds } = config;
  if (!manifestStore) return undefined;
  const objects = await openObjectStore("MANIFEST_STORE", manifestStore, config);
  return createManifestStore({ objects, ...(cacheSeconds === undefined ? {} : { cacheSeconds }) });
}

/** Opens the destination at a location. */
export async function openDestination(
  location: Location,
  config: StoresConfig,
): Promise<BlobDestination> {
  switch (location.kind) {
    case "folder": {
      const { createFsDestination } = await import("../../adapters/fs/destination.ts");
      return createFsDestination({ root: location.path });
    }
    case "s3": {
      const { openS3Destination } = await withOptionalPackages(() => import("./s3.ts"));
      return openS3Destination(location, config.s3);
    }
    case "gcs": {
      const { openGcsDestination } = await withOptionalPackages(() => import("./gcs.ts"));
      return openGcsDestination(location, config.gcs);
    }
    case "http":
      throw new ConfigError("cannot deliver to an HTTP server; use a folder or a bucket");
  }
}

/** Opens the store for the state of deliveries at a location. */
export async function openStateStore(
  location: Location,
  config: StoresConfig,
): Promise<StateStore> {
  switch (location.kind) {
    case "folder": {
      const { createFsStateStore } = await import("../../adapters/fs/state-store.ts");
      return createFsStateStore({ root: location.path });
    }
    case "s3": {
      const { openS3StateStore } = await withOptionalPackages(() => import("./s3.ts"));
      return openS3StateStore(location, config.s3);
    }
    case "gcs": {
      const { openGcsStateStore } = await withOptionalPackages(() => import("./gcs.ts"));
      return openGcsStateStore(location, config.gcs);
    }
    case "http":
      throw new ConfigError(
        "DELIVERY_STORE: cannot write to an HTTP server; use a folder or a bucket",
      );
  }
}
