import * as z from "zod/mini";
import { malformed } from "../input/malformed.ts";
import { validate } from "../input/validate.ts";
import { assertEntryCount } from "./plan-limits.ts";

/** A non-empty string of bounded length; S3 and GCS allow keys of up to 1,024 bytes. */
const text = z.string().check(z.minLength(1), z.maxLength(1024));

/** The shape of a schema of `T`: exactly the fields of `T`. */
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
  headerCrc: z.optional(z.enum(["known", "always"])),
  onMissing: z.optional(z.enum(["fail", "report"])),
  etag: z.optional(strongEtag),
} satisfies ShapeOf<ArchiveFields>;

const list = z.strictObject({
  ...archive,
  // Entries are parsed one by one: zod would collect the errors of millions before it reports one.
  entries: z.array(z.unknown()).check(z.minLength(1)),
} satisfies Record<keyof EntriesSpec, unknown>);
const folder = z.strictObject({
  ...archive,
  prefix: z.string().check(z.maxLength(1024)),
} satisfies ShapeOf<PrefixSpec>);

interface ArchiveFields {
  /**
   * The download's file name, up to 200 characters; ".zip" is appended if missing. Default
   * "archive.zip".
   */
  readonly name?: string | undefined;
  /**
   * "deflate" makes a smaller archive, but without length, ranges and resuming. Default: the `ZipFormat` of
   * the service, which itself defaults to "store".
   */
  readonly compression?: "store" | "deflate" | undefined;
  /**
   * "always" makes the archive that a delivery of this spec writes, with the same ETag and bytes; see
   * `ZipFormat`. Default: the `ZipFormat` of the service, which itself defaults to "known".
   */
  readonly headerCrc?: "known" | "always" | undefined;
  /**
   * How to handle missing `entries`. "fail" refuses the archive with `not_found`; "report" leaves them out
   * and lists them in the entry `_missing.txt`. Default "fail".
   */
  readonly onMissing?: "fail" | "report" | undefined;
  /**
   * Pins the archive to its strong ETag, including quotes: once its contents, and so its ETag, have changed,
   * it is refused with `precondition_failed`. Default: not pinned.
   */
  readonly etag?: string | undefined;
}

/** One listed object of an archive. */
export interface ArchiveEntry {
  /** The object's name in its store, 1 to 1,024 characters. */
  readonly key: string;
  /**
   * The path wanted in the ZIP, 1 to 1,024 characters; `uniqueNames` makes it safe and unique. Default: the
   * key.
   */
  readonly name?: string | undefined;
  /**
   * CRC-32 of the whole object, unsigned, if the requester knows it; a resumed download then need not reread
   * the object. A wrong one fails the archive, with `changed` or `corrupt`.
   */
  readonly crc32?: number | undefined;
}

/** The spec of an archive of listed objects. */
export interface EntriesSpec extends ArchiveFields {
  /** The objects, in their order in the archive; at least one. */
  readonly entries: readonly ArchiveEntry[];
}

/** The spec of an archive of every object whose key starts with a prefix. */
export interface PrefixSpec extends ArchiveFields {
  /**
   * The prefix, up to 1,024 characters; `""` means every object. The part up to and including its last `/`
   * is left out of the names in the ZIP.
   */
  readonly prefix: string;
}

/** The requested contents of an archive: listed objects, or every object under a prefix. */
export type ArchiveSpec = EntriesSpec | PrefixSpec;

/** Options of `parseArchiveSpec`. */
export interface ParseSpecOptions {
  /** The field that contains the spec, for errors; `""` for the body as a whole. Default `"zip"`. */
  readonly path?: string;
  /** Maximum number of entries, checked before any entry is parsed. Default: no limit. */
  readonly maxEntries?: number;
  /** Fields that whatever holds the spec has beside it, to tell which one a typing error means. Default: none. */
  readonly besides?: readonly string[];
}

/**
 * Parses an archive spec. Throws `malformed`, naming the first invalid or unknown field below `path`, or
 * `too_many_entries` beyond `maxEntries`. Stops at the first error, so that many errors cost no more than one.
 */
export function parseArchiveSpec(input: unknown, options: ParseSpecOptions = {}): ArchiveSpec {
  const { path = "zip", maxEntries = Infinity, besides = [] } = options;
  const known = [...besides, ...Object.keys(list.shape), "prefix"];
  const at = path === "" ? [] : [path];
  // The fields show which of the two forms is meant, so that errors refer to that form only.
  if (typeof input !== "object" || input === null || !("entries" in input)) {
    const result = validate(folder, input);
    if (result.success) return result.data;
    throw malformed(result.error, at, {
      hint: 'An archive spec has either "entries" or "prefix".',
      known,
    });
  }
  if (Array.isArray(input.entries)) assertEntryCount(input.entries.length, { maxEntries });
  const result = validate(list, input);
  if (!result.success) throw malformed(result.error, at, { known });
  return { ...result.data, entries: parseEntries(result.data.entries, [...at, "entries"]) };
}

function parseEntries(entries: readonly unknown[], path: readonly string[]): ArchiveEntry[] {
  return entries.map((input, index) => {
    const result = validate(entry, input);
    if (result.success) return result.data;
    throw malformed(result.error, [...path, String(index)], { known: Object.keys(entry.shape) });
  });
}
