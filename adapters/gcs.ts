import { Readable } from "node:stream";
import {
  type CreateReadStreamOptions,
  type FileMetadata,
  type GetFilesOptions,
  Storage,
} from "@google-cloud/storage";
import type { BlobInfo, BlobSource, ByteRange } from "../core/blob-source.ts";
import { type ErrorCode, objectMessages, ZiplinkError } from "../core/errors.ts";

/** What is used of a `Bucket` of @google-cloud/storage, so that a test can put its own in its place. */
export interface GcsBucket {
  file(name: string, options?: { readonly generation?: string }): GcsFile;
  /** Resolves to the files, the next query, and the API's answer as it came. */
  getFiles(query: GetFilesOptions): Promise<readonly [unknown, unknown, unknown]>;
}

export interface GcsFile {
  getMetadata(): Promise<readonly [FileMetadata, ...unknown[]]>;
  createReadStream(options: CreateReadStreamOptions): Readable;
}

export interface GcsBucketOptions {
  readonly bucket: string;
  /** Where a server that stands in for Cloud Storage listens; it is sent no credentials. */
  readonly apiEndpoint?: string;
}

/**
 * The client that `createGcsSource` expects, with the credentials of the environment it runs in (see
 * https://docs.cloud.google.com/docs/authentication/application-default-credentials). With an
 * `apiEndpoint` none are looked for.
 */
export function createGcsBucket({ bucket, apiEndpoint }: GcsBucketOptions) {
  const storage = new Storage({
    // Whoever reads retries, with the store's own Retry-After, which the client ignores. Besides, its
    // retry of a stream ends the process: https://github.com/googleapis/google-cloud-node/issues/8670
    retryOptions: { autoRetry: false },
    ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
  });
  // A stream that is given up makes the client destroy its agent, and with it the connection of every
  // other download in the process. It leaves alone Node's own agent, which keeps connections too.
  storage.interceptors.push({
    request: (options: RequestOptions) => ({ ...options, forever: false }),
  });
  return storage.bucket(bucket);
}

type RequestOptions = ReturnType<Storage["interceptors"][number]["request"]>;

export interface GcsSourceOptions {
  readonly bucket: GcsBucket;
  /** What every name begins with and no key does, such as `exports/`; default nothing. */
  readonly prefix?: string;
}

/** All that `BlobInfo` needs, and nothing else, of each object of a listing. */
const LISTED_FIELDS = "items(name,size,generation,crc32c,timeCreated,contentType),nextPageToken";

/** The API's answer to a listing: https://docs.cloud.google.com/storage/docs/json_api/v1/objects/list */
interface ListPage {
  readonly items?: readonly FileMetadata[];
  readonly nextPageToken?: string;
}

/**
 * The objects of a Cloud Storage bucket. A version is the object's generation, with its CRC-32C behind
 * a slash, against which an object that is read as a whole is checked: `corrupt` in place of the last
 * bytes. An object with `Content-Encoding: gzip` is read as it is stored, compressed.
 *
 * An object's time is its generation's, not that of its metadata, which a lifecycle rule may change.
 */
export function createGcsSource({ bucket, prefix = "" }: GcsSourceOptions): BlobSource {
  /** The name of the object under `key`; rejects what Cloud Storage would not take for a name. */
  function toName(key: string): string {
    const name = prefix + key;
    // The name that is just the prefix, as of a console's empty folder, has no key.
    if (key === "" || name === "." || name === ".." || !isPossible(name)) throw notFound();
    return name;
  }

  const toInfo = (metadata: FileMetadata): BlobInfo => ({
    key: String(metadata.name).slice(prefix.length),
    size: Number(metadata.size),
    version: [metadata.generation, metadata.crc32c].filter((part) => part !== undefined).join("/"),
    modified: new Date(String(metadata.timeCreated)),
    ...(metadata.contentType === undefined ? {} : { contentType: metadata.contentType }),
  });

  const getMetadata = async (name: string, signal?: AbortSignal, generation?: string) => {
    const options = generation === undefined ? {} : { generation };
    return (await askGcs(() => bucket.file(name, options).getMetadata(), signal))[0];
  };

  /** `error` of reading a generation; 404 says that it is gone, and a live one that it has changed. */
  async function explain(error: unknown, name: string, signal?: AbortSignal): Promise<unknown> {
    if (!(error instanceof ZiplinkError) || error.code !== "not_found") return error;
    return await getMetadata(name, signal).then(
      () => changed(error.cause),
      (reason: unknown) => reason,
    );
  }

  return {
    async stat(key, signal) {
      signal?.throwIfAborted();
      return toInfo(await getMetadata(toName(key), signal));
    },

    async *list(keyPrefix, signal) {
      const namePrefix = prefix + keyPrefix;
      if (!isPossible(namePrefix)) return;
      // The client would look for a project and put its id in the place of this: ask for more, and choose.
      const [asked = ""] = namePrefix.split("{{projectId}}", 1);
      const query = { autoPaginate: false, prefix: asked, fields: LISTED_FIELDS };
      let page: ListPage = {};
      do {
        const { nextPageToken: pageToken } = page;
        const request = pageToken === undefined ? query : { ...query, pageToken };
        page = (await askGcs(() => bucket.getFiles(request), signal))[2] as ListPage;
        for (const item of page.items ?? []) {
          signal?.throwIfAborted();
          if (item.name?.startsWith(namePrefix) && item.name !== prefix) yield toInfo(item);
        }
      } while (page.nextPageToken !== undefined);
    },

    async open(blob, range, signal) {
      signal?.throwIfAborted();
      const name = toName(blob.key);
      const { generation, crc32c } = parseVersion(blob.version);
      try {
        if (range.start === range.end) {
          await getMetadata(name, signal, generation); // no range is empty: only see that it is there
          return Readable.from([]);
        }
        const stream = readGcsFile(bucket.file(name, { generation }), {
          start: range.start,
          end: range.end - 1,
        });
        const whole = range.start === 0 && range.end === blob.size;
        return await openChunks(stream, range, whole ? crc32c : undefined, signal);
      } catch (error) {
        throw await explain(error, name, signal);
      }
    },
  };
}

/** Whether Cloud Storage may have a name that begins like this. */
function isPossible(name: string): boolean {
  // https://docs.cloud.google.com/storage/docs/objects#naming
  return name.isWellFormed() && Buffer.byteLength(name) <= 1024 && !/[\r\n]/.test(name);
}

function parseVersion(version: string): { generation: string; crc32c?: string } {
  const slash = version.indexOf("/"); // the first: base64 has slashes too
  if (slash < 0) return { generation: version };
  return { generation: version.slice(0, slash), crc32c: version.slice(slash + 1) };
}

/** The bytes of an object, or a range of them (`end` is the last one's offset), as they are stored. */
export function readGcsFile(
  file: Pick<GcsFile, "createReadStream">,
  range: { readonly start?: number; readonly end?: number } = {},
): Readable {
  const stream = file.createReadStream({ ...range, decompress: false, validation: false });
  stream.on("error", () => undefined); // seen by whoever reads; it must not end the process later
  // The client puts 11 listeners on its answer, and Node would warn of more than 10, for each object.
  return stream.once("response", (response: Readable) => response.setMaxListeners(0));
}

/** The chunks of `stream`, once the first is there or none will come. */
async function openChunks(
  stream: Readable,
  range: ByteRange,
  crc32c: string | undefined,
  signal: AbortSignal | undefined,
): Promise<AsyncIterableIterator<Uint8Array>> {
  const ready = new Promise<void>((resolve, reject) => {
    stream.once("readable", resolve).once("error", reject);
  });
  const destroy = () => void stream.destroy();
  try {
    await askGcs(() => ready, signal);
  } catch (error) {
    // Not sooner: the answer to a stream that is destroyed before it ends the process.
    // https://github.com/googleapis/google-cloud-node/issues/9242
    void ready.then(destroy, destroy);
    throw error;
  }
  signal?.addEventListener("abort", destroy, { once: true });
  const chunks = checked(stream, range.end - range.start, crc32c);
  const close = () => {
    signal?.removeEventListener("abort", destroy);
    destroy();
  };
  // No generator: `return()` of one that has not started does not run its `finally`.
  const iterator: AsyncIterableIterator<Uint8Array> = {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        signal?.throwIfAborted();
        const result = await chunks.next();
        signal?.throwIfAborted();
        if (result.done) close();
        return result;
      } catch (error) {
        close();
        signal?.throwIfAborted();
        throw translate(error);
      }
    },
    async return() {
      close();
      await chunks.return();
      return { done: true, value: undefined };
    },
  };
  return iterator;
}

/** `stream`, which must have `length` bytes and, if it is known, this CRC-32C (base64, as the API has it). */
async function* checked(
  stream: Readable,
  length: number,
  crc32c: string | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let remaining = length;
  let crc = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    remaining -= chunk.length;
    if (remaining < 0) throw corrupt("The store sent more bytes than it was asked for.");
    if (crc32c !== undefined) {
      crc = updateCrc32c(crc, chunk);
      if (remaining === 0 && crc !== Buffer.from(crc32c, "base64").readInt32BE()) {
        throw corrupt("The store sent bytes that do not match their checksum.");
      }
    }
    yield chunk;
  }
  if (remaining > 0) throw unavailable();
}

/** `request` with its failure as ours, left alone (the client cannot cancel it) when `signal` aborts. */
export async function askGcs<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal?.reason);
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    return await Promise.race([request(), aborted]);
  } catch (error) {
    signal?.throwIfAborted();
    throw translate(error);
  } finally {
    signal?.removeEventListener("abort", onAbort);
  }
}

/** What is known of the errors of the client, of its HTTP library and of its authentication library. */
interface ClientError extends Error {
  /** An HTTP status, or the code of a system error. */
  readonly code?: number | string;
  readonly status?: number;
  readonly response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** https://docs.cloud.google.com/storage/docs/json_api/v1/status-codes */
function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ZiplinkError) return error;
  const { code, message }: ClientError = error;
  const status = (error as ClientError).status ?? code;
  if (typeof status === "number") return ofStatus(status, error);
  // The client then asks without credentials; it puts this in the place of the refusal.
  if (message.startsWith("Could not load the default credentials")) return denied(error);
  if (code === "ETIMEDOUT") return timeout(error);
  // A connection that failed or broke: ECONNRESET, ENOTFOUND, ERR_STREAM_PREMATURE_CLOSE, TLS's.
  return code === undefined ? error : unavailable(error);
}

function ofStatus(status: number, error: ClientError): unknown {
  switch (status) {
    case 400: // what a token was asked of refused it; no bad name gets as far as the API
    case 401:
    case 403:
      return denied(error);
    case 404:
      return notFound(error);
    case 412:
      return changed(error);
    case 429:
      return failure("throttled", "The store asks us to slow down. Try again later.", error);
    case 504:
      return timeout(error);
    default:
      return status === 408 || status >= 500 ? unavailable(error) : error;
  }
}

const notFound = (cause?: unknown) => failure("not_found", objectMessages.not_found, cause);
const changed = (cause?: unknown) => failure("changed", objectMessages.changed, cause);
const denied = (cause?: unknown) => failure("denied", "The store may not be read.", cause);
const timeout = (cause?: unknown) => failure("timeout", "The store did not answer in time.", cause);
const unavailable = (cause?: unknown) =>
  failure("unavailable", "The store cannot be read now. Try again.", cause);
const corrupt = (message: string) => failure("corrupt", message);

function failure(code: ErrorCode, message: string, cause?: unknown): ZiplinkError {
  const after = (cause as ClientError | undefined)?.response?.headers?.["retry-after"];
  return new ZiplinkError(code, message, { cause, retryAfterMs: parseRetryAfter(after) });
}

/** Seconds or a date: RFC 9110, 10.2.3. */
function parseRetryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}

/**
 * Eight tables of the reflected Castagnoli polynomial in a row: the n-th has the CRC of each byte with n
 * zero bytes behind it. With them 8 bytes are taken at a time, ten times as fast as the client's CRC32C.
 */
const crc32cTables = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0);
  crc32cTables[byte] = crc;
}
for (let i = 256; i < crc32cTables.length; i++) {
  const crc = crc32cTables[i - 256] as number;
  crc32cTables[i] = (crc >>> 8) ^ (crc32cTables[crc & 0xff] as number);
}

/** The CRC-32C, signed, of bytes whose CRC-32C is `crc` (0 for none) with `bytes` behind them. */
function updateCrc32c(crc: number, bytes: Uint8Array): number {
  const byte = (index: number) => bytes[index] as number;
  const at = (zeros: number, value: number) => crc32cTables[zeros * 256 + (value & 0xff)] as number;
  let state = ~crc;
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) {
    state ^= byte(i) | (byte(i + 1) << 8) | (byte(i + 2) << 16) | (byte(i + 3) << 24);
    state =
      at(7, state) ^
      at(6, state >>> 8) ^
      at(5, state >>> 16) ^
      at(4, state >>> 24) ^
      at(3, byte(i + 4)) ^
      at(2, byte(i + 5)) ^
      at(1, byte(i + 6)) ^
      at(0, byte(i + 7));
  }
  for (; i < bytes.length; i++) state = at(0, state ^ byte(i)) ^ (state >>> 8);
  return ~state;
}
