import { statSync } from "node:fs";
import { withOptionalPackages } from "../../adapters/optional-packages.ts";
import type { BlobSource } from "../../core/blob-source.ts";
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
      assertFolder(location.path);
      const { createFsSource } = await import("../../adapters/fs/source.ts");
      return createFsSource({ root: location.path, listsUnreadable: true });
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

function assertFolder(path: string): void {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (stats?.isDirectory()) return;
  throw new ConfigError(
    stats === undefined
      ? `SOURCE: the folder does not exist: ${path}`
      : `SOURCE: this is a file; name the folder that it is in: ${path}`,
  );
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
