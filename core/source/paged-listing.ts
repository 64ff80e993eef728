import { createHash } from "node:crypto";
import type { BlobInfo } from "../blob-source.ts";
import { checkBlob } from "./check-blob.ts";
import { SeenKeys } from "./seen-keys.ts";
import { storeError } from "./store-errors.ts";

/** One page of a listing. */
export interface ListPage {
  /** The objects of this page. May be empty, also on a page that is not the last one. */
  readonly blobs: readonly BlobInfo[];
  /** The token that asks for the next page. `undefined` if the store says that this page is the last one. */
  readonly next: string | undefined;
}

/**
 * Asks for one page; without a token, for the first one. Rejects as `BlobSource.list` does. May be called
 * again with the same token after a failure, and then asks for that page again.
 */
export type FetchPage = (
  token: string | undefined,
  signal: AbortSignal | undefined,
) => Promise<ListPage>;

/**
 * A listing that comes in pages. Its iterator yields the objects of one page after the other. Retries call
 * `fetchPage` instead, so that a page that failed is asked for again, and not the whole listing.
 */
export interface PagedListing extends AsyncIterable<BlobInfo> {
  readonly fetchPage: FetchPage;
}

/** Pages without an object that may follow one another, as where there are only markers of deleted objects. */
const MAX_EMPTY_PAGES = 1000;

/**
 * Returns the listing of a store that lists in pages, for `BlobSource.list` to return. A page is requested
 * only when it is needed. The iterable rejects as `fetchPage` does, and with `corrupt` if the store leads in
 * a circle: it gives a token twice, a page with nothing but objects that it has listed before, or a thousand
 * pages in a row without any object.
 */
export function listPages(fetchPage: FetchPage, signal: AbortSignal | undefined): PagedListing {
  return { fetchPage, [Symbol.asyncIterator]: () => iteratePages(fetchPage, signal) };
}

/** Whether `list` has returned a listing in pages. */
export function isPaged(listing: AsyncIterable<BlobInfo>): listing is PagedListing {
  return "fetchPage" in listing;
}

async function* iteratePages(
  fetchPage: FetchPage,
  signal: AbortSignal | undefined,
): AsyncGenerator<BlobInfo, void, undefined> {
  const seen = new SeenKeys();
  const tokens = new Set<string>();
  let emptyPages = 0;
  let token: string | undefined;
  do {
    signal?.throwIfAborted();
    const { blobs, next }: ListPage = await fetchPage(token, signal);
    // No `some`, which would stop at the first new key: all of them must be remembered.
    const isNew = blobs.filter((blob) => seen.add(checkBlob(blob).key)).length > 0;
    emptyPages = blobs.length > 0 ? 0 : emptyPages + 1;
    const isEndless = emptyPages > MAX_EMPTY_PAGES || (next !== undefined && !addTo(tokens, next));
    if (isEndless || (blobs.length > 0 && !isNew)) throw storeError("listing_in_circle");
    for (const blob of blobs) {
      signal?.throwIfAborted();
      yield blob;
    }
    token = next;
  } while (token !== undefined);
}

/** Adds a token, which may be long, by its digest. Returns whether it is new. */
function addTo(tokens: Set<string>, token: string): boolean {
  const { size } = tokens;
  return tokens.add(createHash("sha256").update(token).digest("base64")).size > size;
}
