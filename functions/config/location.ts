import { isAbsolute, resolve } from "node:path";
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
    if (location) return location;
    issues.push({ code: "custom", message: `must be a path, or one of ${FORMS}`, input: value });
    return z.NEVER;
  }),
);

/** Returns the location that a setting names; `undefined` if it has none of the known forms. */
export function parseLocation(value: string): Location | undefined {
  // Object names are not URL paths: a `%20` in one is literal, not an escape.
  const [, scheme, bucket = "", prefix = ""] = /^(s3|gs):\/\/([^/]+)\/?(.*)$/s.exec(value) ?? [];
  if (scheme) return { kind: scheme === "s3" ? "s3" : "gcs", bucket, prefix };
  const url = URL.parse(value);
  // A Windows drive letter is not a scheme.
  if (url === null || /^[a-z]:$/i.test(url.protocol)) {
    return { kind: "folder", path: isAbsolute(value) ? value : resolve(value) };
  }
  if (url.protocol === "file:") return folderOf(url);
  if (/^https?:$/.test(url.protocol)) return { kind: "http", base: value };
  return undefined;
}

function folderOf(url: URL): Location | undefined {
  try {
    return { kind: "folder", path: fileURLToPath(url) };
  } catch {
    // The URL names another host or contains an escaped slash, so it is not a folder of this machine.
    return undefined;
  }
}
