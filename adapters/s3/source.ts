import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { follow } from "../../core/async/abortable.ts";
import type { BlobInfo, BlobSource, ByteRange } from "../../core/blob-source.ts";
import { checkAnswer } from "../../core/source/check-answer.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { BodyChunks } from "../body-chunks.ts";
import { mayBeUnreadable, type S3BlobInfo, toBlobInfo, versionId } from "./blob-info.ts";
import { brokenBody, isDenied, statusOf, translated } from "./errors.ts";
import { quoteETag } from "./facts.ts";
import { toS3Key } from "./keys.ts";
import { listObjects } from "./list-objects.ts";
import { acceptGzip, afterSigning } from "./stored-bytes.ts";

/** The bucket and the folder that a source serves. */
export interface S3SourceOptions {
  /**
   * A client such as `createS3Client` returns, with suitable retries and time-outs. The source does
   * not close it.
   */
  readonly client: S3Client;
  /** The bucket's name, without `s3://`. */
  readonly bucket: string;
  /**
   * The folder of the bucket to serve. Keys are relative to it and cannot leave it. Default: the
   * whole bucket.
   */
  readonly prefix?: string;
  /** Objects per request of a listing; at most 1,000, the default. */
  readonly pageSize?: number;
  /**
   * Whether each listed object is also described by `stat`, which tells its content codings, its CRC-32 and
   * whether it can be read, for one more request each. Default false: an archive of a prefix then knows only
   * what a listing states.
   */
  readonly describesListed?: boolean;
}

/**
 * Serves the objects of a bucket, or of a folder in it. A version is an ETag, which every read
 * requires by If-Match. If the bucket keeps versions, an object that `stat` has described is also
 * read by its version id, so it can still be read after it was replaced.
 */
export function createS3Source(options: S3SourceOptions): BlobSource {
  const { client, bucket: Bucket, pageSize, describesListed = false } = options;
  const root = toFolder(options.prefix);
  /**
   * Whether reading objects by version id, which needs a separate permission, is allowed; assumed
   * at first.
   */
  let canReadVersions = true;

  /** https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html */
  async function head(
    key: string,
    signal: AbortSignal | undefined,
    pin: { IfMatch?: string } = {},
  ) {
    const command = new HeadObjectCommand({
      Bucket,
      Key: toS3Key(root, key),
      ChecksumMode: "ENABLED",
      ...pin,
    });
    command.middlewareStack.add(acceptGzip, afterSigning);
    const sent = client.send(command, { ...(signal && { abortSignal: signal }) });
    try {
      return await translated(sent, signal);
    } catch (error) {
      // HEAD has no body: anything from an expired token to a customer's key. A GET says which.
      if (statusOf(error) === 400) await tryToRead(key, signal);
      throw error;
    }
  }

  /** Requests the first byte of an object; rejects with the store's reason if it cannot be read. */
  async function tryToRead(key: string, signal: AbortSignal | undefined): Promise<void> {
    const command = new GetObjectCommand({ Bucket, Key: toS3Key(root, key), Range: "bytes=0-0" });
    command.middlewareStack.add(acceptGzip, afterSigning);
    const sent = client.send(command, { ...(signal && { abortSignal: signal }) });
    const { Body, ContentLength } = await translated(sent, signal);
    if (!(Body instanceof Readable)) return;
    Body.on("error", () => undefined);
    // A body that is read to its end leaves the connection open for the next request.
    if (ContentLength === 1) Body.resume();
    else Body.destroy();
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
      command.middlewareStack.add(acceptGzip, afterSigning);
      return translated(client.send(command, { abortSignal }), abortSignal);
    };
    const IfMatch = blob.version;
    const VersionId = blob[versionId];
    if (VersionId === undefined || !canReadVersions) return send({ IfMatch });
    try {
      return await send({ IfMatch, VersionId });
    } catch (error) {
      if (!isDenied(error)) throw error;
      // The ETag alone identifies the bytes too, as long as no other object replaces them.
      const answer = await send({ IfMatch });
      canReadVersions = false;
      return answer;
    }
  }

  return {
    async stat(key, signal) {
      signal?.throwIfAborted();
      const facts = await head(key, signal);
      const info = toBlobInfo(key, facts);
      if (mayBeUnreadable(facts)) await tryToRead(key, signal);
      return info;
    },

    list(prefix, signal) {
      return listObjects(
        { client, bucket: Bucket, root, prefix, pageSize, describesListed },
        signal,
      );
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

/** Returns the bytes of `body`, which `request` has fetched. */
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
      // The client may have wrapped the body to check it, in a way that leaves the connection open.
      // The default reason of an abort would create an error, with its stack, for each read.
      request.abort("The body is no longer read.");
      // The connection of a body that was read to its end stays open for the next request.
      if (wasOpen && socket.destroyed) await new Promise((done) => socket.once("close", done));
    },
  });
}

/** Returns the body of a response that is exactly what was requested. */
function toBody(answer: GetObjectCommandOutput, blob: BlobInfo, range: ByteRange): Readable {
  const { Body, ContentLength: contentLength, ContentRange: contentRange, ETag } = answer;
  if (!(Body instanceof Readable))
    throw new TypeError("The S3 client did not return a Node.js stream.");
  // A store that does not support If-Match sends its current object.
  const isChanged = ETag !== undefined && quoteETag(ETag) !== blob.version;
  const failure = isChanged ? "changed" : checkAnswer({ contentRange, contentLength }, blob, range);
  if (failure === undefined) return Body;
  Body.on("error", () => undefined).destroy();
  throw storeError(failure);
}
