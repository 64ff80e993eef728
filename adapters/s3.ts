import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import {
  GetObjectCommand,
  type GetObjectCommandOutput,
  HeadObjectCommand,
  type HeadObjectCommandOutput,
  ListObjectsV2Command,
  S3Client,
  type S3ClientConfig,
} from "@aws-sdk/client-s3";
import type { BlobInfo, BlobSource, ByteRange } from "../core/blob-source.ts";
import { type ErrorCode, objectMessages, ZiplinkError } from "../core/errors.ts";

export interface S3SourceOptions {
  readonly client: S3Client;
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
          if (climbsOut(key)) throw new ZiplinkError("denied", messages.denied);
          yield toBlobInfo(key, { ContentLength: Size, ETag, LastModified });
        }
        ContinuationToken = page.NextContinuationToken;
        if (page.IsTruncated && ContinuationToken === undefined) throw corrupt();
      } while (ContinuationToken !== undefined);
    },

    async open(blob, range, signal) {
      signal?.throwIfAborted();
      if (range.start === range.end) {
        await head(blob.key, signal, { IfMatch: blob.version });
        return Readable.from([]);
      }
      const request = new AbortController();
      const onAbort = () => request.abort(signal?.reason);
      signal?.addEventListener("abort", onAbort, { once: true });
      try {
        const answer = await get(blob, range, request.signal);
        return new BodyChunks(toBody(answer, blob, range), request, signal);
      } catch (error) {
        request.abort();
        throw error;
      } finally {
        signal?.removeEventListener("abort", onAbort);
      }
    },
  };
}

export interface S3ClientOptions {
  /** Default: what the environment or the instance says. */
  readonly region?: string | undefined;
  /** URL of a store other than AWS's. */
  readonly endpoint?: string | undefined;
  /** Name the bucket in the path, not in the host name, as many other stores want it. */
  readonly forcePathStyle?: boolean;
  /** Default: looked for where AWS's tools look, the environment first. */
  readonly credentials?: S3ClientConfig["credentials"];
  /** Connections at a time; more requests wait for one. Default 256. */
  readonly maxSockets?: number;
  /** How long to wait for the headers of an answer, in milliseconds. Default 30,000. */
  readonly answerTimeoutMs?: number;
}

/** A client with settings that suit many long reads. */
export function createS3Client(options: S3ClientOptions = {}): S3Client {
  const { region, endpoint, credentials, forcePathStyle = false } = options;
  const { maxSockets = 256, answerTimeoutMs = 30_000 } = options;
  const agent = { keepAlive: true, maxSockets };
  const config: S3ClientConfig = {
    forcePathStyle,
    // Who calls tries again: it knows when to give up and what else waits, and its waiting can be
    // aborted, which the SDK's cannot.
    maxAttempts: 1,
    // A range has no checksum of its own, and other stores do not know those of uploads.
    responseChecksumValidation: "WHEN_REQUIRED",
    requestChecksumCalculation: "WHEN_REQUIRED",
    requestHandler: {
      httpAgent: agent,
      httpsAgent: agent,
      connectionTimeout: 5_000,
      requestTimeout: answerTimeoutMs,
      throwOnRequestTimeout: true,
      socketTimeout: 0, // a body may pause for as long as its reader does
    },
  };
  if (region !== undefined) config.region = region;
  if (endpoint !== undefined) config.endpoint = endpoint;
  if (credentials !== undefined) config.credentials = credentials;
  return new S3Client(config);
}

/**
 * The body of an answer. It is no generator since `return()` of one that has not started does not run
 * its `finally`.
 */
class BodyChunks implements AsyncIterableIterator<Uint8Array> {
  readonly #body: Readable;
  readonly #chunks: AsyncIterator<Uint8Array>;
  readonly #request: AbortController;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.#close();
  #closing: Promise<void> | undefined;

  constructor(body: Readable, request: AbortController, signal: AbortSignal | undefined) {
    this.#body = body;
    this.#chunks = body[Symbol.asyncIterator]();
    this.#request = request;
    this.#signal = signal;
    // A failure is reported when the next chunk is asked for; until then it must not end the process.
    body.on("error", () => undefined);
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      this.#signal?.throwIfAborted();
      if (this.#closing) return await this.return();
      const result = await this.#chunks.next();
      this.#signal?.throwIfAborted();
      if (result.done) return await this.return();
      return { done: false, value: result.value };
    } catch (error) {
      const isGivenUp = this.#closing !== undefined;
      await this.#close();
      this.#signal?.throwIfAborted();
      if (isGivenUp) return { done: true, value: undefined };
      throw new ZiplinkError("unavailable", messages.unavailable, { cause: error });
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#close();
    return { done: true, value: undefined };
  }

  #close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#signal?.removeEventListener("abort", this.#onAbort);
      const { socket } = this.#body as Partial<IncomingMessage>;
      const wasOpen = socket?.destroyed === false;
      this.#body.destroy();
      // A client may have wrapped the body to check it, in what leaves the connection open.
      this.#request.abort();
      // A connection of a body that was read to its end stays, for the next request.
      if (wasOpen && socket.destroyed) await new Promise((done) => socket.once("close", done));
    })();
    return this.#closing;
  }
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
  throw isChanged ? new ZiplinkError("changed", messages.changed) : corrupt();
}

type ObjectFacts = Pick<HeadObjectCommandOutput, "ContentLength" | "ETag" | "LastModified"> &
  Partial<HeadObjectCommandOutput>;

function toBlobInfo(key: string, facts: ObjectFacts): S3BlobInfo {
  const { ContentLength: size, ETag, LastModified, ContentType, VersionId } = facts;
  if (size === undefined || ETag === undefined || LastModified === undefined) throw corrupt();
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

/**
 * The CRC-32 of the whole object, if the store has it; a COMPOSITE one is that of its parts' checksums.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
function fullCrc32({ ChecksumType, ChecksumCRC32 }: ObjectFacts): number | undefined {
  if (ChecksumType !== "FULL_OBJECT" || ChecksumCRC32 === undefined) return undefined;
  const bytes = Buffer.from(ChecksumCRC32, "base64");
  return bytes.length === 4 ? bytes.readUInt32BE() : undefined;
}

/** Some stores leave the quotes out in listings. */
function quoteETag(tag: string): string {
  return tag.endsWith('"') ? tag : `"${tag}"`;
}

/** A space is listed as `+` by AWS and as `%20` by others, a plus as `%2B` by both. */
function decodeKey(encoded: string): string {
  return decodeURIComponent(encoded.replaceAll("+", " "));
}

/** `prefix` as a folder: "team" is "team/", or else the key "2/a" would be in "team2/". */
export function toFolder(prefix = ""): string {
  return prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
}

/** The longest key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 1024;

/**
 * The key in the bucket. Throws `not_found` for those that no object can have, some of which would ask
 * for something else: without a key a request is about the bucket, and `..` may leave it where
 * something on the way tidies paths up. S3 itself has no keys with more `..` than names before them.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html
 */
function toS3Key(root: string, key: string): string {
  const whole = root + key;
  const isTooLong = Buffer.byteLength(whole) > MAX_KEY_BYTES;
  if (key === "" || isTooLong || !isSendable(key) || climbsOut(key)) {
    throw new ZiplinkError("not_found", messages.not_found);
  }
  return whole;
}

/** Whether `text` can be in a key: it is Unicode, without NUL, at which some stores would cut it. */
function isSendable(text: string): boolean {
  return text.isWellFormed() && !text.includes("\0");
}

function climbsOut(key: string): boolean {
  let depth = 0;
  return key.split("/").some((part) => {
    if (part === "..") depth--;
    else if (part !== "" && part !== ".") depth++;
    return depth < 0;
  });
}

const messages = {
  not_found: objectMessages.not_found,
  denied: "The store does not let this service read the objects.",
  changed: objectMessages.changed,
  throttled: "The store is busy. Try again later.",
  unavailable: "The store cannot be reached now. Try again.",
  timeout: "The store did not answer in time. Try again.",
} satisfies Partial<Record<ErrorCode, string>>;

type StoreErrorCode = keyof typeof messages;

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList and the SDK's own. */
const codeByName: Readonly<Record<string, StoreErrorCode>> = {
  NoSuchKey: "not_found",
  NotFound: "not_found",
  NoSuchBucket: "not_found",
  // The version that was planned has been deleted for good, or a marker of a deletion has its id.
  NoSuchVersion: "changed",
  PreconditionFailed: "changed",
  InvalidRange: "changed",
  AccessDenied: "denied",
  ExpiredToken: "denied",
  InvalidAccessKeyId: "denied",
  SignatureDoesNotMatch: "denied",
  CredentialsProviderError: "denied",
  // Archived: trying again will not help until someone restores it, which takes hours.
  InvalidObjectState: "denied",
  SlowDown: "throttled",
  TooManyRequests: "throttled",
  TooManyRequestsException: "throttled",
  RequestLimitExceeded: "throttled",
  Throttling: "throttled",
  ThrottlingException: "throttled",
  ServiceUnavailable: "throttled",
  // Our clock is wrong; the SDK has noted by how much, and the next try will do.
  RequestTimeTooSkewed: "unavailable",
  RequestTimeout: "timeout",
  TimeoutError: "timeout",
};

function codeOfStatus(status: number): StoreErrorCode {
  if (status === 404) return "not_found";
  if (status === 412 || status === 416) return "changed";
  if (status === 429 || status === 503) return "throttled";
  if (status === 408 || status === 504) return "timeout";
  // What is left of 3xx and 4xx is another region, an expired token or the like: a fault of the setup.
  if (status >= 300 && status < 500) return "denied";
  return "unavailable";
}

/** What the SDK adds to errors. */
interface SdkError extends Error {
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** `error` of the SDK as ours; defects stay what they are. */
export function translateS3Error(error: unknown): unknown {
  if (error instanceof ZiplinkError || !(error instanceof Error)) return error;
  const { name, code, $metadata, $response }: SdkError = error;
  const status = $metadata?.httpStatusCode;
  // The SDK calls broken connections TimeoutError too: those have a code of the system.
  const isOfNetwork = typeof code === "string" && !(error instanceof TypeError);
  const isBroken = isOfNetwork && code !== "ETIMEDOUT" && status === undefined;
  let ours = isBroken ? "unavailable" : codeByName[name];
  if (ours === undefined && status !== undefined) ours = codeOfStatus(status);
  if (ours === undefined) return error;
  const retryAfterMs = parseRetryAfter($response?.headers?.["retry-after"]);
  return new ZiplinkError(ours, messages[ours], { cause: error, retryAfterMs });
}

/** Seconds or a date (RFC 9110, 10.2.3) as milliseconds from now. */
function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

async function translated<T>(answer: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    signal?.throwIfAborted();
    throw translateS3Error(error);
  }
}

function isDenied(error: unknown): boolean {
  return error instanceof ZiplinkError && error.code === "denied";
}

function corrupt(): ZiplinkError {
  return new ZiplinkError("corrupt", "The store's answer is not what it was asked for.");
}
