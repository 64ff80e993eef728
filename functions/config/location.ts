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
    const problem = location ? problemOf(location) : `must be a path, or one of ${FORMS}`;
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

/** Returns a location as a setting names it, without what may be secret in a URL. */
export function formatLocation(location: Location): string {
  switch (location.kind) {
    case "folder":
      return location.path;
    case "http": {
      const { origin, pathname } = new URL(location.base);
      return origin + pathname;
    }
    default:
      return `${location.kind === "s3" ? "s3" : "gs"}://${location.bucket}/${location.prefix}`;
  }
}

/** Returns why a location can never work, and what to write instead; `undefined` if it can. */
function problemOf(location: Location): string | undefined {
  switch (location.kind) {
    case "folder":
      return undefined;
    case "http": {
      const { username, password, search, hash } = new URL(location.base);
      return username || password || search || hash
        ? "must be a URL without user, password, query and fragment, as in https://host/base/"
        : undefined;
    }
    default:
      return bucketProblem(location);
  }
}

function bucketProblem({ kind, bucket }: BucketLocation): string | undefined {
  if (kind === "gcs") {
    // https://docs.cloud.google.com/storage/docs/buckets#naming
    // Not shorter than three characters, but a server that stands in for it may take others: the check of
    // the source at the start says what is not there.
    const isName = /^[a-z0-9](?:[a-z0-9._-]{0,220}[a-z0-9])?$/.test(bucket);
    return isName
      ? undefined
      : `must name a bucket: a-z, 0-9 and "-_." only, as in gs://bucket/prefix`;
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
