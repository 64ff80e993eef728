/**
 * Codings that say nothing about the stored bytes: `identity` (RFC 9110, 12.5.3), and the framing of S3's
 * uploads, which some clients leave in the metadata.
 */
const NOT_STORED: ReadonlySet<string> = new Set(["", "identity", "aws-chunked"]);

/**
 * Parses `Content-Encoding` (RFC 9110, 8.4) and returns the codings of the bytes, in lower case and in the
 * order in which they were applied. Does not check whether such a coding exists.
 */
export function parseContentCodings(value: string | null | undefined): readonly string[] {
  const codings = (value ?? "").split(",").map((coding) => coding.trim().toLowerCase());
  return codings.filter((coding) => !NOT_STORED.has(coding));
}

/** Returns the codings as `BlobInfo.contentEncoding` states them: `{}` if there is none. */
export function statedCodings(value: string | null | undefined): { contentEncoding?: string } {
  const codings = parseContentCodings(value);
  return codings.length === 0 ? {} : { contentEncoding: codings.join(", ") };
}
