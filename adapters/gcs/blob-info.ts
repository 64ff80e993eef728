import type { FileMetadata } from "@google-cloud/storage";
import type { BlobInfo } from "../../core/blob-source.ts";
import { statedCodings } from "../../core/input/content-codings.ts";
import { checkBlob } from "../../core/source/check-blob.ts";
import { storeError } from "../../core/source/store-errors.ts";

/** A date and time as the JSON API writes it (RFC 3339). `Date` also reads other forms, such as "1". */
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/;

/**
 * Returns the description of an object, whose key is its name below `root`; throws `corrupt` unless it is
 * complete.
 */
export function toBlobInfo(root: string, metadata: unknown): BlobInfo {
  if (typeof metadata !== "object" || metadata === null) throw storeError("unreadable");
  const stated = metadata as FileMetadata;
  const { name, size, generation, crc32c, timeCreated, contentType, contentEncoding } = stated;
  if (!name?.startsWith(root) || !generation || !TIME.test(String(timeCreated))) {
    throw storeError("no_description");
  }
  return checkBlob({
    key: name.slice(root.length),
    size: /^\d+$/.test(String(size)) ? Number(size) : Number.NaN,
    version: [generation, crc32c].filter((part) => part !== undefined).join("/"),
    modified: new Date(String(timeCreated)),
    ...(contentType !== undefined && { contentType }),
    ...statedCodings(contentEncoding),
  });
}
