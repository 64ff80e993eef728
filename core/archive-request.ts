import * as z from "zod";
import { malformed } from "./malformed.ts";

/** Bounds a single string; S3 and GCS allow keys of 1,024 bytes. */
const text = z.string().min(1).max(1024);

const entry = z.strictObject({
  key: text,
  name: text.optional(),
  crc32: z.int().min(0).max(0xffffffff).optional(),
});

/** A strong entity tag (RFC 9110, 8.8.3). */
export const strongEtag = z
  .string()
  .regex(/^"[\x21\x23-\x7e]+"$/, "must be a strong entity tag in quotes");

const archive = {
  name: z.string().min(1).max(200).optional(),
  compression: z.enum(["store", "deflate"]).optional(),
  onMissing: z.enum(["fail", "report"]).optional(),
  etag: strongEtag.optional(),
};

const schema = z.union([
  z.strictObject({ ...archive, entries: z.array(entry).min(1) }),
  z.strictObject({ ...archive, prefix: z.string().max(1024) }),
]);

/**
 * What an archive is to hold: `entries`, in their order, or every object under `prefix`.
 *
 * - `name`: the download's file name; ".zip" is added if it is not there. Default "archive.zip".
 * - `entries[].name`: the entry's path in the ZIP; default its key. `entries[].crc32`: the object's
 *   CRC-32 as an unsigned integer, if the requester knows it.
 * - `etag`: pins the archive: once its contents have changed, so that its ETag is another one, nothing
 *   is sent any more.
 * - `compression`: "store", the default, or "deflate": smaller, but without length, ranges and resuming.
 * - `onMissing`: "fail", the default, or "report": `entries` that are missing are left out, and the
 *   entry `_missing.txt` lists them.
 */
export type ArchiveRequest = z.infer<typeof schema>;

/**
 * `input` as an archive request. Throws `malformed`, naming the field below `path`, if it is none;
 * unknown fields are refused.
 */
export function parseArchiveRequest(input: unknown, path = "zip"): ArchiveRequest {
  // Which of the two forms is meant shows in the fields; errors then speak of that one alone.
  const isList = typeof input === "object" && input !== null && "entries" in input;
  const result = (isList ? schema.options[0] : schema.options[1]).safeParse(input);
  if (result.success) return result.data;
  const hint = isList ? undefined : 'An archive request has either "entries" or "prefix".';
  throw malformed(result.error, path === "" ? [] : [path], hint);
}
