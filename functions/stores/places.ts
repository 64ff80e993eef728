import { join, relative, sep } from "node:path";
import { withOptionalPackages } from "../../adapters/optional-packages.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import type { DeliveryTarget } from "../../core/delivery/delivery-tools.ts";
import { withRetries } from "../../core/delivery/resilient-destination.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import type { StoreEvent } from "../../core/source/resilience/retrying.ts";
import { type Location, parseLocation } from "../config/location.ts";
import type { StoresConfig } from "../config/stores-config.ts";
import { openDestination } from "./delivery-stores.ts";
import { openSource } from "./stores.ts";

/** A place that may be written to, and read for what has been delivered there. */
export interface DeliveryPlace {
  readonly location: Location;
  /** With its passing failures hidden. */
  readonly destination: DeliveryTarget["destination"];
  /** Reads what is there. */
  readonly source: BlobSource;
  /** Returns a URL of the store by which anybody can GET an object; absent where it has none. */
  readonly presign: Presign | undefined;
}

/** See `PresignOptions` of adapters/s3/presign.ts. */
export type Presign = (options: {
  readonly key: string;
  readonly expiresIn: number;
  readonly contentDisposition: string;
}) => Promise<string>;

/** Opens the places of these locations, which are checked when they are first used. */
export async function openPlaces(
  locations: readonly Location[],
  config: StoresConfig,
  observe: (event: StoreEvent) => void,
): Promise<readonly DeliveryPlace[]> {
  return Promise.all(
    locations.map(async (location) => ({
      location,
      destination: withRetries(await openDestination(location, config), { observe }),
      source: await openSource(location, config),
      presign: await openPresigner(location, config),
    })),
  );
}

async function openPresigner(
  location: Location,
  config: StoresConfig,
): Promise<Presign | undefined> {
  switch (location.kind) {
    case "s3": {
      const { openS3Presigner } = await withOptionalPackages(() => import("./s3-delivery.ts"));
      return openS3Presigner(location, config.s3);
    }
    case "gcs": {
      const { openGcsPresigner } = await withOptionalPackages(() => import("./gcs-delivery.ts"));
      return openGcsPresigner(location, config.gcs);
    }
    default:
      return undefined;
  }
}

/**
 * Returns the place that a URL is within, and its key there. Throws `forbidden` for a URL that is within
 * none of them, `malformed` for one that is no location.
 */
export function findPlace<P extends Pick<DeliveryPlace, "location">>(
  places: readonly P[],
  to: string,
): { readonly place: P; readonly key: string } {
  const wanted =
    /^(?:s3|gs|file):\/\/./.test(to) || to.startsWith("/") ? parseLocation(to) : undefined;
  if (!wanted) {
    throw new ZiplinkError("malformed", "to: must be s3://bucket/key, gs://bucket/key or a path.", {
      details: { field: "to" },
    });
  }
  for (const place of places) {
    const key = keyWithin(place.location, wanted);
    if (key !== undefined && key !== "") return { place, key };
  }
  throw new ZiplinkError("forbidden", "to: is not within the destinations of this service.");
}

function keyWithin(allowed: Location, wanted: Location): string | undefined {
  if (allowed.kind === "folder" && wanted.kind === "folder") {
    const key = relative(allowed.path, join(wanted.path)).split(sep).join("/");
    return key.startsWith("../") || key === ".." ? undefined : key;
  }
  if (!("bucket" in allowed) || !("bucket" in wanted)) return undefined;
  if (allowed.kind !== wanted.kind || allowed.bucket !== wanted.bucket) return undefined;
  const folder = toFolder(allowed.prefix);
  return wanted.prefix.startsWith(folder) ? wanted.prefix.slice(folder.length) : undefined;
}
