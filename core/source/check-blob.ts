import type { BlobInfo } from "../blob-source.ts";
import { storeError } from "./store-errors.ts";

/**
 * Returns `blob` if it has the documented form. Throws `corrupt` if the store, or an application's own
 * source, has described an object without a key, a version or a valid time, or with a size that is none.
 */
export function checkBlob<T extends BlobInfo>(blob: T): T {
  const { key, size, version, modified } = blob;
  const isDescribed =
    isText(key) &&
    isText(version) &&
    Number.isSafeInteger(size) &&
    size >= 0 &&
    modified instanceof Date &&
    !Number.isNaN(modified.getTime());
  if (!isDescribed) throw storeError("no_description");
  return blob;
}

function isText(value: unknown): boolean {
  return typeof value === "string" && value !== "";
}
