import { toFolder } from "../../core/source/key-prefix.ts";
import { type BucketLocation, parseLocation } from "../../functions/config/location.ts";

/** A bucket, and the folder in it: "" or ending in a slash. */
export interface Bucket {
  readonly bucket: string;
  readonly prefix: string;
}

/** Returns the bucket that a location of this kind names; `undefined` if it is of another kind. */
export function parseBucket(
  location: string | undefined,
  kind: BucketLocation["kind"],
): Bucket | undefined {
  const found = location === undefined ? undefined : parseLocation(location);
  if (!found || !("bucket" in found) || found.kind !== kind) return undefined;
  return { bucket: found.bucket, prefix: toFolder(found.prefix) };
}
