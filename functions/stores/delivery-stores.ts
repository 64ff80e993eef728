import { withOptionalPackages } from "../../adapters/optional-packages.ts";
import type { BlobDestination } from "../../core/delivery/blob-destination.ts";
import type { StateStore } from "../../core/delivery/state-store.ts";
import { ConfigError } from "../config/environment.ts";
import type { Location } from "../config/location.ts";
import type { StoresConfig } from "../config/stores-config.ts";

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
      const { openS3Destination } = await withOptionalPackages(() => import("./s3-delivery.ts"));
      return openS3Destination(location, config.s3);
    }
    case "gcs": {
      const { openGcsDestination } = await withOptionalPackages(() => import("./gcs-delivery.ts"));
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
      const { openS3StateStore } = await withOptionalPackages(() => import("./s3-delivery.ts"));
      return openS3StateStore(location, config.s3);
    }
    case "gcs": {
      const { openGcsStateStore } = await withOptionalPackages(() => import("./gcs-delivery.ts"));
      return openGcsStateStore(location, config.gcs);
    }
    case "http":
      throw new ConfigError(
        "DELIVERY_STORE: cannot write to an HTTP server; use a folder or a bucket",
      );
  }
}
