import type { ServerResponse } from "node:http";
import { onTestFinished } from "vitest";
import { createGcsBucket, createGcsSource } from "../../adapters/gcs/source.ts";
import { createS3Client } from "../../adapters/s3/client.ts";
import { createS3Source } from "../../adapters/s3/source.ts";
import type { BlobSource } from "../../core/blob-source.ts";
import { listPages } from "../../core/source/paged-listing.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { startStub } from "./http-stub.ts";

/** An object as a store lists it; a field that is `null` is left out. */
export interface ListedObject {
  readonly key: string | null;
  readonly size?: number | null;
  readonly version?: string | null;
  readonly time?: string | null;
}

/** A store's answer to a request for a page. */
export type PageAnswer =
  | {
      readonly objects: readonly (ListedObject | string)[];
      /** The token of the next page, whether or not there is one. */
      readonly next?: string;
      /** Whether the page states that it is the last one; only S3 does. Default: that it is without a token. */
      readonly isLast?: boolean;
    }
  | "throttled"
  /** An answer that is not a listing, with status 200. */
  | { readonly text: string };

/** A source whose store answers requests for pages as a test specifies. */
export interface ListingStub {
  readonly source: BlobSource;
  /** Returns the answer to a request, whose number is counted from 0. */
  answer: (token: string | undefined, request: number) => PageAnswer;
  /** The tokens that were sent; `undefined` for the first page. */
  readonly tokens: (string | undefined)[];
}

const defaults = { size: 1, version: "1", time: "2026-01-02T03:04:05.000Z" };

const fill = (object: ListedObject | string) => ({
  ...defaults,
  ...(typeof object === "string" ? { key: object } : object),
});

/** The stub's state, and the answer to the next request. */
function createState() {
  const tokens: (string | undefined)[] = [];
  const state: Omit<ListingStub, "source"> = { tokens, answer: () => ({ objects: [] }) };
  const take = (token: string | null | undefined) => {
    tokens.push(token ?? undefined);
    return state.answer(token ?? undefined, tokens.length - 1);
  };
  return { state, take };
}

/** Serves the objects of a bucket, or of a folder of it, whose names are then given with the folder. */
export async function startS3Listing(prefix = ""): Promise<ListingStub> {
  const { state, take } = createState();
  const stub = await startStub(({ url }, response) => {
    const query = new URL(url ?? "", "http://store").searchParams;
    const answer = take(query.get("continuation-token"));
    if (answer === "throttled") throttle(response, "<Error><Code>SlowDown</Code></Error>");
    else response.end("text" in answer ? answer.text : toXml(answer));
  });
  const client = createS3Client({
    region: "us-east-1",
    endpoint: stub.origin,
    forcePathStyle: true,
    credentials: { accessKeyId: "id", secretAccessKey: "secret" },
  });
  onTestFinished(() => client.destroy());
  return Object.assign(state, { source: createS3Source({ client, bucket: "bucket", prefix }) });
}

function toXml({
  objects,
  next,
  isLast = next === undefined,
}: Exclude<PageAnswer, string | { text: string }>) {
  const element = (name: string, value: unknown) =>
    value === null ? "" : `<${name}>${value}</${name}>`;
  const contents = objects.map(fill).map(({ key, size, version, time }) => {
    const encoded = key === null ? null : key.replace(/[^%\w/.-]/gu, encodeURIComponent);
    const fields = [element("Key", encoded), element("Size", size), element("ETag", version)];
    return element("Contents", [...fields, element("LastModified", time)].join(""));
  });
  const token = next === undefined ? "" : element("NextContinuationToken", next);
  const head = `<Name>bucket</Name><EncodingType>url</EncodingType>${element("IsTruncated", isLast ? "false" : "true")}`;
  return `<?xml version="1.0"?>\n<ListBucketResult>${head}${token}${contents.join("")}</ListBucketResult>`;
}

/** As `startS3Listing`. */
export async function startGcsListing(prefix = ""): Promise<ListingStub> {
  const { state, take } = createState();
  const stub = await startStub(({ url }, response) => {
    const answer = take(new URL(url ?? "", "http://store").searchParams.get("pageToken"));
    if (answer === "throttled") return throttle(response, "{}");
    if ("text" in answer) return response.end(answer.text);
    const items = answer.objects.map(fill).map(({ key, size, version, time }) => ({
      ...(key !== null && { name: key }),
      ...(size !== null && { size: String(size) }),
      ...(version !== null && { generation: version }),
      ...(time !== null && { timeCreated: time }),
    }));
    response.setHeader("content-type", "application/json");
    return response.end(JSON.stringify({ items, nextPageToken: answer.next }));
  });
  const bucket = createGcsBucket({ bucket: "bucket", apiEndpoint: stub.origin });
  return Object.assign(state, { source: createGcsSource({ bucket, prefix }) });
}

function throttle(response: ServerResponse, body: string): void {
  response.writeHead(429).end(body);
}

/** An application's own source that lists in pages. */
export function createOwnListing(): ListingStub {
  const { state, take } = createState();
  const source: BlobSource = {
    stat: async () => {
      throw storeError("not_found");
    },
    open: async () => {
      throw storeError("not_found");
    },
    list: (_, signal) =>
      listPages(async (token) => {
        const answer = take(token);
        if (answer === "throttled") throw storeError("throttled");
        if ("text" in answer) throw storeError("corrupt");
        const blobs = answer.objects.map(fill).map(({ key, size, version, time }) => ({
          key: key as string,
          size: size as number,
          version: version as string,
          modified: new Date(time ?? Number.NaN),
        }));
        return { blobs, next: answer.next };
      }, signal),
  };
  return Object.assign(state, { source });
}
