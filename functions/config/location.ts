import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod/mini";

/** Where objects are. A prefix is kept as written, never decoded; "" means the whole bucket. */
export type Location =
  | { readonly kind: "folder"; readonly path: string }
  | BucketLocation
  | { readonly kind: "http"; readonly base: string };

export interface BucketLocation {
  readonly kind: "s3" | "gcs";
  readonly bucket: string;
  readonly prefix: string;
}

const FORMS = "file:///path, s3://bucket/prefix, gs://bucket/prefix or https://host/base/";

/** A location in a setting: a URL or a path. */
export const locationSchema = z.pipe(
  z.string(),
  z.transform((value: string, { issues }): Location => {
    const location = parseLocation(value);
    const problem = location ? bucketProblem(location) : `must be a path, or one of ${FORMS}`;
    if (location && problem === undefined) return location;
    issues.push({ code: "custom", message: problem, input: value });
    return z.NEVER;
  }),
);

/**
 * Returns the location that a setting names; `undefined` if it has none of the known forms. The name of a
 * bucket may be one that no bucket can have.
 */
export function parseLocation(value: string): Location | undefined {
  // Object names are not URL paths: a `%20` in one is literal, not an escape. An ARN has a slash of its own.
  const [, scheme, bucket = "", prefix = ""] =
    /^(s3|gs):\/\/(arn:[^/]+\/[^/]+|[^/]+)\/?(.*)$/s.exec(value) ?? [];
  if (scheme) return { kind: scheme === "s3" ? "s3" : "gcs", bucket, prefix };
  const url = URL.parse(value);
  // A Windows drive letter is not a scheme.
  if (url === null || /^[a-z]:$/i.test(url.protocol)) {
    // Shells expand this; a file `.env` and the settings of containers go through none.
    const isInHome = value === "~" || value.startsWith("~/");
    return { kind: "folder", path: isInHome ? join(homedir(), value.slice(1)) : resolve(value) };
  }
  if (url.protocol === "file:") return folderOf(url);
  if (/^https?:$/.test(url.protocol)) return { kind: "http", base: value };
  return undefined;
}

/** Returns why there can be no bucket of this name, and what to write instead; `undefined` if there can be. */
function bucketProblem(location: Location): string | undefined {
  if (!("bucket" in location)) return undefined;
  const { kind, bucket } = location;
  if (kind === "gcs") {
    // https://docs.cloud.google.com/storage/docs/buckets#naming
    const isName = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/.test(bucket);
    return isName
      ? undefined
      : `must name a bucket: 3 or more of a-z, 0-9 and "-_.", as in gs://bucket/prefix`;
  }
  if (bucket.startsWith("arn:")) {
    return "must name an access point by its alias, not its ARN: s3://my-point-…-s3alias/prefix (aws s3control get-access-point shows it)";
  }
  if (/:\d+$/.test(bucket)) {
    return "must name a bucket, as in s3://bucket/prefix; the address of the store belongs in S3_ENDPOINT";
  }
  // Old buckets, and other stores, have names that Amazon S3 no longer allows for new ones:
  // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  const isName = /^[A-Za-z0-9][A-Za-z0-9._-]{0,254}$/.test(bucket);
  return isName
    ? undefined
    : `must name a bucket: letters, digits and "-_." only, as in s3://bucket/prefix`;
}

function folderOf(url: URL): Location | undefined {
  try {
    return { kind: "folder", path: fileURLToPath(url) };
  } catch {
    // The URL names another host or contains an escaped slash, so it is not a folder of this machine.
    return undefined;
  }
}
