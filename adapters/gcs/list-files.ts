import type { FileMetadata, GetFilesOptions } from "@google-cloud/storage";
import { ZiplinkError } from "../../core/errors.ts";
import { listPages, type PagedListing } from "../../core/source/paged-listing.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { toBlobInfo } from "./blob-info.ts";
import { askGcs } from "./errors.ts";
import { isPossible } from "./names.ts";

/** The part of a `Bucket` of @google-cloud/storage that lists. */
export interface GcsListedBucket {
  /** Resolves with the files, the next query, and the API's raw response. */
  getFiles(query: GetFilesOptions): Promise<readonly [unknown, unknown, unknown]>;
}

/** A page of the API's response to a listing. */
interface GcsPage {
  readonly items: readonly FileMetadata[];
  /** Asks for the next page; `undefined` on the last one. */
  readonly next: string | undefined;
}

/** The fields of listed objects that `BlobInfo` needs, and no others. */
const LISTED_FIELDS =
  "items(name,size,generation,crc32c,timeCreated,contentType,contentEncoding,customerEncryption)," +
  "nextPageToken";

/** Lists the objects whose names start with `root + prefix`, page by page, by their keys below `root`. */
export function listFiles(
  bucket: GcsListedBucket,
  root: string,
  prefix: string,
  signal: AbortSignal | undefined,
): PagedListing {
  const namePrefix = root + prefix;
  // The client would replace this placeholder by a project's id: list the text before it, and filter.
  const [asked = ""] = namePrefix.split("{{projectId}}", 1);
  const isWanted = ({ name }: FileMetadata) => {
    if (!name) throw storeError("no_description");
    if (!name.startsWith(asked)) throw storeError("other_prefix");
    return name.startsWith(namePrefix) && name !== root;
  };
  return listPages(async (token, signal) => {
    signal?.throwIfAborted();
    if (!isPossible(namePrefix)) return { blobs: [], next: undefined };
    const query = { prefix: asked, fields: LISTED_FIELDS };
    const { items, next } = await fetchGcsPage(bucket, query, token, signal);
    const blobs = items.filter(isWanted).map((item) => {
      const info = toBlobInfo(root, item);
      return item.customerEncryption ? { ...info, needsStat: true } : info;
    });
    return { blobs, next };
  }, signal);
}

/**
 * Requests one page of a listing. Rejects with `corrupt` if the answer is not one, such as a proxy's page.
 * https://docs.cloud.google.com/storage/docs/json_api/v1/objects/list
 */
export async function fetchGcsPage(
  bucket: GcsListedBucket,
  query: GetFilesOptions,
  pageToken: string | undefined,
  signal: AbortSignal | undefined,
): Promise<GcsPage> {
  const request = { ...query, autoPaginate: false, ...(pageToken !== undefined && { pageToken }) };
  const [, , page] = await askGcs(() => bucket.getFiles(request), signal).catch(toListingError);
  if (typeof page !== "object" || page === null || Array.isArray(page)) {
    throw storeError("no_listing");
  }
  const { items = [], nextPageToken = "", error, kind = "storage#objects" } = page as RawPage;
  const isListing = Array.isArray(items) && items.every(isObject) && kind === "storage#objects";
  if (!isListing || error !== undefined || typeof nextPageToken !== "string") {
    throw storeError("no_listing");
  }
  return { items, next: nextPageToken || undefined };
}

/** A listing of nothing is a page without items, so nothing but the bucket can be missing. */
function toListingError(error: unknown): never {
  const isMissing = error instanceof ZiplinkError && error.code === "not_found";
  throw isMissing ? storeError("no_bucket", error.cause) : error;
}

/** The fields of a page; of any type until they are checked. */
interface RawPage {
  readonly kind?: unknown;
  readonly items?: unknown;
  readonly nextPageToken?: unknown;
  readonly error?: unknown;
}

function isObject(value: unknown): value is FileMetadata {
  return typeof value === "object" && value !== null;
}
