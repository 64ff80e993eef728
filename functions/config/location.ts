import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import * as z from "zod/mini";

/** Where objects are. A prefix is as it was written, never decoded, and "" for all of a bucket. */
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

/** A location as a setting has it: a URL, or a path. */
export const locationSchema = z.pipe(
  z.string(),
  z.transform((value: string, { issues }): Location => {
    const location = parseLocation(value);
    if (location) return location;
    issues.push({ code: "custom", message: `must be a path, or one of ${FORMS}`, input: value });
    return z.NEVER;
  }),
);

/** The location that a setting names; `undefined` if it names none. */
export function parseLocation(value: string): Location | undefined {
  // Object names are no URL paths: what looks like an escape in them is none.
  const [, scheme, bucket = "", prefix = ""] = /^(s3|gs):\/\/([^/]+)\/?(.*)$/s.exec(value) ?? [];
  if (scheme) return { kind: scheme === "s3" ? "s3" : "gcs", bucket, prefix };
  const url = URL.parse(value);
  // The letter of a Windows drive is no scheme.
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
    // It names another host, or an escape in it is a slash: no folder of this machine.
    return undefined;
  }
}
