import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  type S3Client,
} from "@aws-sdk/client-s3";
import { follow } from "../../core/async/abortable.ts";
import type { BlobInfo, BlobSource, ByteRange } from "../../core/blob-source.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { BodyChunks } from "../body-chunks.ts";
import { brokenBody, isDenied, translated } from "./errors.ts";
import { fullCrc32, quoteETag } from "./facts.ts";
import { climbsOut, decodeKey, isSendable, toS3Key } from "./keys.ts";

/** What is served of which bucket. */
export interface S3SourceOptions {
  /** As of `createS3Client`, whose retries and timeouts suit; it is not closed by the source. */
  readonly client: S3Client;
  /** Its name, without `s3://`. */
  readonly bucket: string;
  /** The folder of the bucket to serve: keys are relative to it and cannot leave it. Default: all. */
  readonly prefix?: string;
  /** Objects asked for in one request of a listing, at most 1,000, the default. */
  readonly pageSize?: number;
}

/** An object's version id is kept beside `version`, since a listing does not tell it; copies keep it. */
const versionId = Symbol("versionId");

interface S3BlobInfo extends BlobInfo {
  readonly [versionId]?: string;
}

/**
 * The objects of a bucket, or of a folder of it. A version is an ETag, which every read asks for by
 * If-Match. Where the bucket keeps versions, what `stat` has described is read by its version id as
 * well, and so can still be read when another object has taken its place.
 */
export function createS3Source(options: S3SourceOptions): BlobSource {
  const { client, bucket: Bucket, pageSize: MaxKeys } = options;
  const root = toFolder(options.prefix);
  /** Whether we may read objects by version id, which is a permission of its own; assumed at first. */
  let canReadVersions = true;

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
  function head(key: string, signal: AbortSignal | undefined, pin: { IfMatch?: string } = {}) {
    const command = new HeadObjectCommand({
      Bucket,
      Key: toS3Key(root, key),
      ChecksumMode: "ENABLED",
      ...pin,
    });
    return translated(client.send(command, { ...(signal && { abortSignal: signal }) }), signal);
  }

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html */
  async function get(blob: S3BlobInfo, { start, end }: ByteRange, abortSignal: AbortSignal) {
    const send = (pin: { IfMatch: string; VersionId?: string }) => {
      const Key = toS3Key(root, blob.key);
      const command = new GetObjectCommand({
        Bucket,
        Key,
        Range: `bytes=${start}-${end - 1}`,
        ...pin,
      });
      return translated(client.send(command, { abortSignal }), abortSignal);
    };
    const IfMatch = blob.version;
    const VersionId = blob[versionId];
    if (VersionId === undefined || !canReadVersions) return send({ IfMatch });
    try {
      return await send({ IfMatch, VersionId });
    } catch (error) {
      if (!isDenied(error)) throw error;
      // The ETag alone pins the bytes too, for as long as no other object takes their place.
      const answer = await send({ IfMatch });
      canReadVersions = false;
      return answer;
    }
  }

  return {
    async stat(key, signal) {
      signal?.throwIfAborted();
      return toBlobInfo(key, await head(key, signal));
    },

    /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html */
    async *list(prefix, signal) {
      signal?.throwIfAborted();
      if (!isSendable(prefix)) return;
      let ContinuationToken: string | undefined;
      do {
        const command = new ListObjectsV2Command({
          Bucket,
          Prefix: root + prefix,
          EncodingType: "url", // XML cannot hold every character that a key can
          MaxKeys,
          ContinuationToken,
        });
        const page = await translated(
          client.send(command, { ...(signal && { abortSignal: signal }) }),
          signal,
        );
        for (const { Key = "", Size, ETag, LastModified } of page.Contents ?? []) {
          signal?.throwIfAborted();
          const key = (page.EncodingType === "url" ? decodeKey(Key) : Key).slice(root.length);
          if (key === "") continue; // the marker of the folder that is served
          if (climbsOut(key)) throw storeError("key_leads_out");
          yield toBlobInfo(key, { ContentLength: Size, ETag, LastModified });
        }
        ContinuationToken = page.NextContinuationToken;
        if (page.IsTruncated && ContinuationToken === undefined) throw storeError("corrupt");
      } while (ContinuationToken !== undefined);
    },

    async open(blob, range, signal) {
      signal?.throwIfAborted();
      if (range.start === range.end) {
        await head(blob.key, signal, { IfMatch: blob.version });
        return Readable.from([]);
      }
      const request = new AbortController();
      const unfollow = follow(signal, request);
      try {
        const answer = await get(blob, range, request.signal);
        return readBody(toBody(answer, blob, range), range, request, signal);
      } catch (error) {
        request.abort();
        throw error;
      } finally {
        unfollow();
      }
    },
  };
}

/** The bytes of `body`; `request` is what brought it. */
function readBody(
  body: Readable,
  { start, end }: ByteRange,
  request: AbortController,
  signal: AbortSignal | undefined,
): AsyncIterable<Uint8Array> {
  return new BodyChunks(body, {
    length: end - start,
    signal,
    translate: brokenBody,
    async close() {
      const { socket } = body as Partial<IncomingMessage>;
      const wasOpen = socket?.destroyed === false;
      body.destroy();
      // A client may have wrapped the body to check it, in what leaves the connection open. The default
      // reason would be an error with its stack, for each read.
      request.abort("The body is not read any more.");
      // A connection of a body that was read to its end stays, for the next request.
      if (wasOpen && socket.destroyed) await new Promise((done) => socket.once("close", done));
    },
  });
}

/** The body of an answer that is just what was asked for. */
function toBody(
  answer: GetObjectCommandOutput,
  blob: BlobInfo,
  { start, end }: ByteRange,
): Readable {
  const { Body, ContentLength, ContentRange, ETag } = answer;
  if (!(Body instanceof Readable)) throw new TypeError("the client gives no Node.js stream");
  const isWhole = start === 0 && end === blob.size;
  const isRange = ContentRange === `bytes ${start}-${end - 1}/${blob.size}`;
  const isRight = isRange || (isWhole && ContentRange === undefined);
  // A store that does not know If-Match sends what it has.
  const isChanged = ETag !== undefined && quoteETag(ETag) !== blob.version;
  if (!isChanged && isRight && ContentLength === end - start) return Body;
  Body.on("error", () => undefined).destroy();
  throw storeError(isChanged ? "changed" : "corrupt");
}

type ObjectFacts = Pick<HeadObjectCommandOutput, "ContentLength" | "ETag" | "LastModified"> &
  Partial<HeadObjectCommandOutput>;

function toBlobInfo(key: string, facts: ObjectFacts): S3BlobInfo {
  const { ContentLength: size, ETag, LastModified, ContentType, VersionId } = facts;
  if (size === undefined || ETag === undefined || LastModified === undefined)
    throw storeError("corrupt");
  const crc32 = fullCrc32(facts);
  // Whole seconds, as in the header of an object: some stores list fractions.
  const modified = new Date(Math.floor(LastModified.getTime() / 1000) * 1000);
  return {
    key,
    size,
    version: quoteETag(ETag),
    modified,
    ...(ContentType !== undefined && { contentType: ContentType }),
    ...(crc32 !== undefined && { crc32 }),
    // "null" is the version of what was stored before the bucket kept versions.
    ...(VersionId !== undefined && VersionId !== "null" && { [versionId]: VersionId }),
  };
}
