import { Readable } from "node:stream";
import {
  type CreateReadStreamOptions,
  type FileMetadata,
  type GetFilesOptions,
  Storage,
} from "@google-cloud/storage";
import type { BlobSource, ByteRange } from "../../core/blob-source.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { BodyChunks } from "../body-chunks.ts";
import { toBlobInfo } from "./blob-info.ts";
import { updateCrc32c } from "./crc32c.ts";
import { askGcs, translate } from "./errors.ts";
import { type GcsListedBucket, listFiles } from "./list-files.ts";
import { isPossible } from "./names.ts";

/** The part of a `Bucket` of @google-cloud/storage that is used, so that tests can replace it. */
export interface GcsBucket extends GcsListedBucket {
  /** Returns the object of this name, at this generation or at its latest, without a request. */
  file(name: string, options?: { readonly generation?: string }): GcsFile;
}

/** The part of a `File` of @google-cloud/storage that is used. */
export interface GcsFile {
  /** Resolves with an array that begins with the object's metadata. */
  getMetadata(): Promise<readonly [FileMetadata, ...unknown[]]>;
  /** Returns the object's bytes. `end` is the offset of the last one. */
  createReadStream(options: CreateReadStreamOptions): Readable;
}

/** A bucket, and the address of its store. */
export interface GcsBucketOptions {
  /** The bucket's name, without `gs://`. */
  readonly bucket: string;
  /** URL of a stand-in for Cloud Storage. It receives no credentials. */
  readonly apiEndpoint?: string;
  /** The project that pays for requests to a bucket with Requester Pays. Default: the bucket's. */
  readonly userProject?: string;
}

/**
 * Creates the client that `createGcsSource` expects, with the credentials of its environment (see
 * https://docs.cloud.google.com/docs/authentication/application-default-credentials). With an
 * `apiEndpoint`, it looks for none.
 */
export function createGcsBucket({ bucket, apiEndpoint, userProject }: GcsBucketOptions) {
  const storage = new Storage({
    // The reader retries instead, and honors the store's Retry-After, which the client ignores.
    // Also, the client's retry of a stream ends the process:
    // https://github.com/googleapis/google-cloud-node/issues/8670
    retryOptions: { autoRetry: false },
    ...(apiEndpoint === undefined ? {} : { apiEndpoint }),
  });
  // The client's own option does not reach the reading of objects.
  const payer = ({ qs }: { readonly qs?: object }) =>
    userProject === undefined ? {} : { qs: { ...qs, userProject } };
  // When a stream is abandoned, the client destroys its own agent, and with it the connections of
  // all other downloads in the process. It does not destroy Node's agent, which keeps connections
  // alive too.
  storage.interceptors.push({
    request: (options: RequestOptions) => ({ ...options, ...payer(options), forever: false }),
  });
  const opened = storage.bucket(bucket);
  return Object.assign(opened, {
    /**
     * The client's own method throws where nobody can catch it, and so ends the process, if the answer
     * is not a listing.
     */
    async getFiles(qs: GetFilesOptions): Promise<[unknown[], null, unknown]> {
      const [page]: readonly unknown[] = await opened.request({ uri: "/o", qs });
      return [[], null, page];
    },
  });
}

type RequestOptions = ReturnType<Storage["interceptors"][number]["request"]>;

/** The bucket and the folder that a source serves. */
export interface GcsSourceOptions {
  /** A bucket such as `createGcsBucket` returns. */
  readonly bucket: GcsBucket;
  /**
   * The folder of the bucket to serve. Keys are relative to it and cannot leave it. Default: the
   * whole bucket.
   */
  readonly prefix?: string;
}

/**
 * Serves the objects of a Cloud Storage bucket. A version is the object's generation followed by a
 * slash and its CRC-32C. An object that is read as a whole is checked against it, and fails as
 * `corrupt` instead of yielding its last bytes. An object with `Content-Encoding: gzip` is read as
 * stored, compressed.
 *
 * The time of an object is that of its generation, not that of its metadata, which a lifecycle rule
 * may change.
 */
export function createGcsSource({ bucket, prefix }: GcsSourceOptions): BlobSource {
  const root = toFolder(prefix);

  /**
   * Returns the name of the object under `key`. Throws `not_found` for a name that Cloud Storage
   * does not allow.
   */
  function toName(key: string): string {
    const name = root + key;
    // The object named like the folder itself, as consoles create for an empty folder, has no key.
    if (key === "" || name === "." || name === ".." || !isPossible(name))
      throw storeError("not_found");
    return name;
  }

  const getMetadata = async (name: string, signal?: AbortSignal, generation?: string) => {
    const options = generation === undefined ? {} : { generation };
    return (await askGcs(() => bucket.file(name, options).getMetadata(), signal))[0];
  };

  /**
   * Returns the error of reading a generation. After a 404: `not_found` if the object was deleted,
   * `changed` if it has another generation.
   */
  async function explain(error: unknown, name: string, signal?: AbortSignal): Promise<unknown> {
    if (!(error instanceof ZiplinkError) || error.code !== "not_found") return error;
    return await getMetadata(name, signal).then(
      () => storeError("changed", error.cause),
      (reason: unknown) => reason,
    );
  }

  return {
    async stat(key, signal) {
      signal?.throwIfAborted();
      const metadata = await getMetadata(toName(key), signal);
      const info = toBlobInfo(root, metadata);
      // https://docs.cloud.google.com/storage/docs/encryption/customer-supplied-keys
      if (metadata.customerEncryption) throw storeError("customer_key");
      return info;
    },

    list: (keyPrefix, signal) => listFiles(bucket, root, keyPrefix, signal),

    async open(blob, range, signal) {
      signal?.throwIfAborted();
      const name = toName(blob.key);
      const { generation, crc32c } = parseVersion(blob.version);
      try {
        if (range.start === range.end) {
          // A range cannot be empty, so only check that the object exists.
          await getMetadata(name, signal, generation);
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

function parseVersion(version: string): { generation: string; crc32c?: string } {
  const slash = version.indexOf("/"); // the first one, since base64 contains slashes too
  if (slash < 0) return { generation: version };
  return { generation: version.slice(0, slash), crc32c: version.slice(slash + 1) };
}

/**
 * Returns the bytes of an object, or a range of them (`end` is the last one's offset), as stored.
 */
export function readGcsFile(
  file: Pick<GcsFile, "createReadStream">,
  range: { readonly start?: number; readonly end?: number } = {},
): Readable {
  const stream = file.createReadStream({ ...range, decompress: false, validation: false });
  stream.on("error", () => undefined); // reported to the reader; must not end the process later
  // For each object, the client adds 11 listeners to its response; Node warns of more than 10.
  return stream.once("response", (response: Readable) => response.setMaxListeners(0));
}

/** Returns the chunks of `stream`, once the first has arrived or none will. */
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
    // Not earlier: a response to a stream that is already destroyed ends the process.
    // https://github.com/googleapis/google-cloud-node/issues/9242
    void ready.then(destroy, destroy);
    throw error;
  }
  return new BodyChunks(stream, {
    length: range.end - range.start,
    signal,
    translate,
    ...(crc32c !== undefined && { inspect: crc32cCheck(crc32c) }),
  });
}

/**
 * Throws `corrupt` instead of passing on the last bytes, unless all bytes have this CRC-32C
 * (base64, as the API states it).
 */
function crc32cCheck(crc32c: string) {
  const expected = Buffer.from(crc32c, "base64").readInt32BE();
  let crc = 0;
  return (bytes: Uint8Array, remaining: number) => {
    crc = updateCrc32c(crc, bytes);
    if (remaining === 0 && crc !== expected) throw storeError("wrong_checksum");
  };
}
