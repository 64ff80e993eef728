import { isPassingStatus } from "../async/retry.ts";
import { type ErrorCode, ZiplinkError } from "../errors.ts";

/** Codes of the failures that a store can cause; see `BlobSource`. */
export type StoreErrorCode = Extract<
  ErrorCode,
  "not_found" | "denied" | "changed" | "throttled" | "unavailable" | "timeout" | "corrupt"
>;

/**
 * The code and the message of each failure, the same for every store. No message names an object or
 * reveals which kind of store it is about. Those of `denied` are for the operator of the service: a
 * link holder sees the message of `not_found` instead.
 */
const DENIED =
  "The store refuses access to the objects. Check the service's credentials and permissions.";

const failures = {
  not_found: ["not_found", "One or more objects were not found."],
  changed: ["changed", "An object has changed since the archive was planned. Try again."],
  throttled: ["throttled", "The store is busy. Try again later."],
  unavailable: ["unavailable", "The store cannot be reached now. Try again later."],
  timeout: ["timeout", "The store did not answer in time. Try again later."],

  denied: ["denied", DENIED],
  redirected: [
    "denied",
    "The store redirects to another place. Redirects are not followed: serve that place instead.",
  ],
  link_leads_out: [
    "denied",
    "A symbolic link leads out of the served folder. Remove it, or serve a folder that has its target.",
  ],
  dangling_link: [
    "denied",
    "A symbolic link in the served folder leads to nothing. Remove it, or restore its target.",
  ],
  name_not_utf8: [
    "denied",
    "A name in the served folder is not UTF-8, so the file cannot be read by it. Rename it.",
  ],
  key_leads_out: [
    "denied",
    "A listed key leads out of the served folder by its `..` parts. Rename the object.",
  ],
  archived: [
    "denied",
    "An object is in an archive of the store. Restore it there, then try again.",
  ],
  /** Encrypted with a key that each request must bring along. */
  customer_key: [
    "denied",
    "An object is encrypted with a customer's key, which this service does not have.",
  ],
  link_in_circle: [
    "denied",
    "A symbolic link leads in a circle within the served folder. Remove it.",
  ],
  too_deep: [
    "denied",
    "The served folder holds folders nested too deeply, or too long a path. Move its files up.",
  ],
  too_many_folders: [
    "denied",
    "The served folder holds more folders than a listing may read. Ask for one of them by its prefix.",
  ],
  too_many_links: [
    "denied",
    "Symbolic links lead to folders of the served folder by too many paths. Remove some of them.",
  ],

  /** No credentials were found where the store's client looks for them. */
  no_credentials: ["denied", DENIED],
  /** The store does not accept the credentials, or no longer. */
  wrong_credentials: ["denied", DENIED],
  wrong_region: [
    "denied",
    "The bucket is in another region than the one that is asked. Set the region to the bucket's.",
  ],
  no_folder: ["not_found", "The served folder does not exist. Create it, or mount its disk."],
  no_bucket: ["not_found", "There is no such bucket. Check its name, and the region."],

  /** The circuit breaker is open. */
  down: ["unavailable", "The store is down. Try again later."],
  /** An answer ended before all of its bytes; a retry may help. */
  broken_off: ["unavailable", "The store broke off in the middle of an object. Try again."],
  /** A range other than the requested one, as from a proxy that mixes up answers; a retry may help. */
  other_range: ["unavailable", "The store sent other bytes than it was asked for. Try again."],

  corrupt: ["corrupt", "The store's answer is not what it was asked for."],
  /** A successful answer in a form that cannot be read, such as a proxy's page. */
  unreadable: ["corrupt", "The store's answer cannot be read."],
  no_description: [
    "corrupt",
    "The store describes an object without its key, length, version or time, or with invalid ones.",
  ],
  no_listing: ["corrupt", "The store's answer to a request for a listing is not a listing."],
  listing_in_circle: [
    "corrupt",
    "The store's listing does not come to an end: it repeats its pages or their tokens.",
  ],
  listing_cut: [
    "corrupt",
    "The store's listing has more pages, but does not state how to ask for them.",
  ],
  other_prefix: ["corrupt", "The store's listing has objects that were not asked for."],
  /** As in a listing that has an object twice, in two versions. */
  listed_twice: ["corrupt", "The store lists an object twice, and differently. Try again."],
  undecodable_key: ["corrupt", "The store's listing has a key that cannot be decoded."],
  /** More or fewer bytes than the store itself stated. */
  wrong_length: ["corrupt", "The store sent another number of bytes than it was asked for."],
  wrong_checksum: ["corrupt", "An object's bytes do not match the checksum stated for it."],
  no_length: [
    "corrupt",
    "The store does not state the length of its objects. It must send Content-Length.",
  ],
  other_coding: [
    "corrupt",
    "The store sends an object with another Content-Encoding than it states for it.",
  ],
  no_version: [
    "corrupt",
    "The store does not state the version of its objects. It must send a strong ETag, or Last-Modified.",
  ],
  no_range: [
    "corrupt",
    "The store does not state which bytes it sends. It must answer Range with 206 and Content-Range.",
  ],
} as const satisfies Readonly<Record<string, readonly [StoreErrorCode, string]>>;

/** Failures of the service's own set-up: all objects have them, whether they exist or not. */
const setupFailures: ReadonlySet<string> = new Set<StoreFailure>([
  "no_credentials",
  "wrong_credentials",
  "wrong_region",
  "no_bucket",
  "no_folder",
]);

/**
 * Whether a failure is of the service's own set-up, such as missing credentials, and not of one object. It
 * is told to clients as `unavailable`: an object that is there must not be called missing.
 */
export function isSetupFailure({ reason }: { readonly reason?: string | undefined }): boolean {
  return reason !== undefined && setupFailures.has(reason);
}

/** A failure of a store: one of its codes, or a more specific reason for one. */
export type StoreFailure = keyof typeof failures;

/** Options of `storeError`. */
export interface StoreErrorOptions {
  /** Milliseconds that the store asks to wait before another attempt. */
  readonly retryAfterMs?: number | undefined;
  /** The path within a served folder that its owner has to repair, for the log. */
  readonly path?: string;
}

/**
 * Returns the error for a failure of a store, with the same message for every store. For authors of a
 * `BlobSource` or an `ObjectStore`, whose methods reject with it.
 *
 * @param failure one of the store codes, such as "not_found", or a more specific reason
 * @param cause the store's own error. It may name keys and paths, and is never shown or logged as it is.
 */
export function storeError(
  failure: StoreFailure,
  cause?: unknown,
  { retryAfterMs, path }: StoreErrorOptions = {},
): ZiplinkError {
  const [code, message] = failures[failure];
  return new ZiplinkError(code, message, {
    ...(failure === code ? {} : { reason: failure }),
    ...(path === undefined ? {} : { path }),
    ...(cause === undefined ? {} : { cause }),
    retryAfterMs,
  });
}

/**
 * Returns the code for the HTTP status of a store's error response (RFC 9110, 15), for adapters whose
 * vendor gives the status no other meaning. A status that makes no sense for a read is `corrupt`.
 */
export function storeCodeOfStatus(status: number): StoreErrorCode {
  switch (status) {
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
    case 401:
    case 403:
    case 407:
    case 451:
    case 511: // the page of a network that wants a login
      return "denied";
    case 404:
    case 410:
      return "not_found";
    case 408:
    case 504:
      return "timeout";
    case 412:
    case 416:
      return "changed";
    case 429:
      return "throttled";
    default:
      return isPassingStatus(status) ? "unavailable" : "corrupt";
  }
}
