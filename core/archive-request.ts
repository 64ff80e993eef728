import * as z from "zod/mini";
import { malformed } from "./malformed.ts";
import { validate } from "./validate.ts";

/** Bounds a single string; S3 and GCS allow keys of 1,024 bytes. */
const text = z.string().check(z.minLength(1), z.maxLength(1024));

const entry = z.strictObject({
  key: text,
  name: z.optional(text),
  crc32: z.optional(z.int().check(z.minimum(0), z.maximum(0xffffffff))),
});

/** A strong entity tag (RFC 9110, 8.8.3). */
export const strongEtag = z
  .string()
  .check(z.regex(/^"[\x21\x23-\x7e]+"$/, "must be a strong entity tag in quotes"));

const archive = {
  name: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  compression: z.optional(z.enum(["store", "deflate"])),
  onMissing: z.optional(z.enum(["fail", "report"])),
  etag: z.optional(strongEtag),
};

const list = z.strictObject({ ...archive, entries: z.array(entry).check(z.minLength(1)) });
const folder = z.strictObject({ ...archive, prefix: z.string().check(z.maxLength(1024)) });

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
export type ArchiveRequest = z.infer<typeof list> | z.infer<typeof folder>;

/**
 * `input` as an archive request. Throws `malformed`, naming the field below `path`, if it is none;
 * unknown fields are refused.
 */
export function parseArchiveRequest(input: unknown, path = "zip"): ArchiveRequest {
  // Which of the two forms is meant shows in the fields; errors then speak of that one alone.
  const isList = typeof input === "object" && input !== null && "entries" in input;
  const result = isList ? validate(list, input) : validate(folder, input);
  if (result.success) return result.data;
  const hint = isList ? undefined : 'An archive request has either "entries" or "prefix".';
  throw malformed(result.error, path === "" ? [] : [path], hint);
}
