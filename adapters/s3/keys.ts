import { storeError } from "../../core/source/store-errors.ts";

/** A space is listed as `+` by AWS and as `%20` by others, a plus as `%2B` by both. */
export function decodeKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll("+", " "));
}

/** The longest key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

/**
 * The key in the bucket. Throws `not_found` for those that no object can have, some of which would ask
 * for something else: without a key a request is about the bucket, and `..` may leave it where
 * something on the way tidies paths up.
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

/** Whether `text` can be in a key: it is Unicode, without NUL, at which some stores would cut it. */
export function isSendable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

/** Whether a `..` in `key`, resolved as in a path, leads above where the key begins. */
export function climbsOut(key: string): boolean {
  let depth = 0;
  return key.split("/").some((part) => {
    if (part === "..") depth--;
    else if (part !== "" && part !== ".") depth++;
    return depth < 0;
  });
}
