import * as z from "zod/mini";
import { malformed } from "../input/malformed.ts";
import { validate } from "../input/validate.ts";

/** Bounds a single string; S3 and GCS allow keys of 1,024 bytes. */
const text = z.string().check(z.minLength(1), z.maxLength(1024));

/** What a schema of `T` is made of: each of its fields, and no other. */
type ShapeOf<T> = { readonly [K in keyof T]-?: z.core.$ZodType<T[K]> };

const entry = z.strictObject({
  key: text,
  name: z.optional(text),
  crc32: z.optional(z.int().check(z.minimum(0), z.maximum(0xffffffff))),
} satisfies ShapeOf<ArchiveEntry>);

/** A strong entity tag (RFC 9110, 8.8.3). */
export const strongEtag = z
  .string()
  .check(z.regex(/^"[\x21\x23-\x7e]+"$/, "must be a strong entity tag in quotes"));

const archive = {
  name: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  compression: z.optional(z.enum(["store", "deflate"])),
  onMissing: z.optional(z.enum(["fail", "report"])),
  etag: z.optional(strongEtag),
} satisfies ShapeOf<ArchiveFields>;

const list = z.strictObject({
  ...archive,
  entries: z.array(entry).check(z.minLength(1)),
} satisfies ShapeOf<EntriesSpec>);
const folder = z.strictObject({
  ...archive,
  prefix: z.string().check(z.maxLength(1024)),
} satisfies ShapeOf<PrefixSpec>);

interface ArchiveFields {
  /**
   * The download's file name, up to 200 characters; ".zip" is added if it is not there. Default
   * "archive.zip".
   */
  readonly name?: string | undefined;
  /**
   * "deflate" is smaller, but without length, ranges and resuming. Default: that of the service's
   * `ZipFormat`, which is "store" unless it says otherwise.
   */
  readonly compression?: "store" | "deflate" | undefined;
  /**
   * What becomes of `entries` that are missing. "fail" refuses the archive with `not_found`;
   * "report" leaves them out, and the entry `_missing.txt` lists them. Default "fail".
   */
  readonly onMissing?: "fail" | "report" | undefined;
  /**
   * Pins the archive by its strong ETag, quotes included: once its contents have changed, so that
   * its ETag is another one, it is refused with `precondition_failed`. Default: not pinned.
   */
  readonly etag?: string | undefined;
}

/** One object of an archive that is listed. */
export interface ArchiveEntry {
  /** The object's name in its store, 1 to 1,024 characters. */
  readonly key: string;
  /**
   * The path that it is to have in the ZIP, 1 to 1,024 characters; made safe and unique as by
   * `uniqueNames`. Default: its key.
   */
  readonly name?: string | undefined;
  /**
   * CRC-32 of the whole object, unsigned, if the requester knows it; resuming need not read the
   * object again then. One that is wrong fails the archive, with `changed` or `corrupt`.
   */
  readonly crc32?: number | undefined;
}

/** An archive of the objects that are listed. */
export interface EntriesSpec extends ArchiveFields {
  /** At least one; the archive has them in this order. */
  readonly entries: readonly ArchiveEntry[];
}

/** An archive of every object whose key starts with a prefix. */
export interface PrefixSpec extends ArchiveFields {
  /**
   * Up to 1,024 characters; `""` is every object. What is before its last `/`, and that, is left
   * out of the names in the ZIP.
   */
  readonly prefix: string;
}

/** What an archive is to hold: the objects that are listed, or every object under a prefix. */
export type ArchiveSpec = EntriesSpec | PrefixSpec;

/**
 * `input` as an archive spec. Throws `malformed`, naming the field below `path`, if it is none;
 * unknown fields are refused.
 */
export function parseArchiveSpec(input: unknown, path = "zip"): ArchiveSpec {
  // Which of the two forms is meant shows in the fields; errors then speak of that one alone.
  const isList = typeof input === "object" && input !== null && "entries" in input;
  const result = isList ? validate(list, input) : validate(folder, input);
  if (result.success) return result.data;
  const hint = isList ? undefined : 'An archive spec has either "entries" or "prefix".';
  throw malformed(result.error, path === "" ? [] : [path], hint);
}
