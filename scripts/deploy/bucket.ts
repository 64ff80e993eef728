/** A bucket, and the folder in it: "" or ending in a slash. */
export interface Bucket {
  readonly bucket: string;
  readonly prefix: string;
}

/** The bucket that a location of this kind names; `undefined` if it is of another kind. */
export function parseBucket(location: string | undefined, scheme: "s3" | "gs"): Bucket | undefined {
  const [, found, bucket = "", prefix = ""] =
    /^(s3|gs):\/\/([^/]+)\/?(.*)$/s.exec(location ?? "") ?? [];
  if (found !== scheme) return undefined;
  // As the S3 source does: a prefix is a folder, with or without its last slash.
  return { bucket, prefix: prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/` };
}
