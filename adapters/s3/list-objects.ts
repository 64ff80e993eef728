import { type _Object, ListObjectsV2Command, type S3Client } from "@aws-sdk/client-s3";
import { type ListPage, listPages, type PagedListing } from "../../core/source/paged-listing.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { mayBeUnreadable, toBlobInfo } from "./blob-info.ts";
import { checkListing } from "./check-listing.ts";
import { translated } from "./errors.ts";
import { climbsOut, decodeKey, isSendable } from "./keys.ts";

/** The objects to list. */
export interface S3Listing {
  readonly client: S3Client;
  readonly bucket: string;
  /** The served folder, `""` or ending in `/`. Keys are relative to it. */
  readonly root: string;
  /** The start of the keys, below `root`. */
  readonly prefix: string;
  /** Objects per request. */
  readonly pageSize: number | undefined;
  /** Whether every object is to be described by `stat`. */
  readonly describesListed: boolean;
}

/**
 * Lists the objects page by page, in the store's own order.
 * https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
 */
export function listObjects(listing: S3Listing, signal: AbortSignal | undefined): PagedListing {
  const { client, bucket: Bucket, root, prefix, pageSize: MaxKeys, describesListed } = listing;
  const Prefix = root + prefix;

  function toKey(encoded: string | undefined, encodingType: string | undefined): string {
    if (!encoded) throw storeError("no_description");
    const key = encodingType === "url" ? decodeKey(encoded) : encoded;
    if (!key.startsWith(Prefix)) throw storeError("other_prefix");
    if (climbsOut(key.slice(root.length))) throw storeError("key_leads_out");
    return key.slice(root.length);
  }

  return listPages(async (ContinuationToken, signal): Promise<ListPage> => {
    signal?.throwIfAborted();
    if (!isSendable(Prefix)) return { blobs: [], next: undefined };
    const command = new ListObjectsV2Command({
      Bucket,
      Prefix,
      EncodingType: "url", // XML cannot contain every character that a key can
      MaxKeys,
      ContinuationToken,
    });
    checkListing(command);
    const sent = client.send(command, { ...(signal && { abortSignal: signal }) });
    const {
      Contents = [],
      EncodingType,
      IsTruncated,
      NextContinuationToken,
    } = await translated(sent, signal);
    const described = (object: _Object) => {
      const key = toKey(object.Key, EncodingType);
      // The marker of the served folder itself has no key.
      if (key === "") return [];
      const facts = { ...object, ContentLength: object.Size };
      const info = toBlobInfo(key, facts);
      const needsStat = describesListed || mayBeUnreadable(facts);
      return [needsStat ? { ...info, needsStat } : info];
    };
    // AWS documents that the last page has no token; other stores send an empty one, or any.
    const next = (IsTruncated !== false && NextContinuationToken) || undefined;
    if (IsTruncated && next === undefined) throw storeError("listing_cut");
    return { blobs: Contents.flatMap(described), next };
  }, signal);
}
