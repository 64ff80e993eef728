import { storeError } from "../../core/source/store-errors.ts";

/**
 * Decodes a listed key. AWS encodes a space as `+`, other stores as `%20`; both encode a plus as
 * `%2B`. Throws `corrupt` for anything but an encoding of UTF-8.
 */
export function decodeKey(encoded: string): string {
  try {
    return decodeURIComponent(encoded.replaceAll("+", " "));
  } catch (error) {
    throw storeError("undecodable_key", error);
  }
}

/** Maximum length of a key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

/**
 * Returns the key in the bucket. Throws `not_found` for keys that no object can have. Some of those
 * would request something else: without a key, a request is about the bucket, and `..` may leave it
 * if an intermediary normalizes paths.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
 */
export function toS3Key(root: string, key: string): string {
  const whole = root + key;
  const isTooLong = Buffer.byteLength(whole) > MAX_KEY_BYTES;
  if (key === "" || isTooLong || !isSendable(key) || climbsOut(key)) {
    throw storeError("not_found");
  }
  return whole;
}

/**
 * Whether a key may contain `text`: it is well-formed Unicode, without NUL, at which some stores
 * would truncate it.
 */
export function isSendable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** Whether a `..` in `key`, resolved as in a path, leads above the start of the key. */
export function climbsOut(key: string): boolean {
  let depth = 0;
  return key.split("/").some((part) => {
    if (part === "..") depth--;
    else if (part !== "" && part !== ".") depth++;
    return depth < 0;
  });
}
