import { Readable } from "node:stream";
import {
  type CreateReadStreamOptions,
  type FileMetadata,
  type GetFilesOptions,
  Storage,
} from "@google-cloud/storage";
import type { BlobInfo, BlobSource, ByteRange } from "../../core/blob-source.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { BodyChunks } from "../body-chunks.ts";
import { updateCrc32c } from "./crc32c.ts";
import { askGcs, translate } from "./errors.ts";

/** What is used of a `Bucket` of @google-cloud/storage, so that a test can put its own in its place. */
export interface GcsBucket {
  /** The object of this name, at this generation or at its latest; asks for nothing yet. */
  file(name: string, options?: { readonly generation?: string }): GcsFile;
  /** Resolves to the files, the next query, and the API's answer as it came. */
  getFiles(query: GetFilesOptions): Promise<readonly [unknown, unknown, unknown]>;
}

/** What is used of a `File` of @google-cloud/storage. */
export interface GcsFile {
  /** Resolves to the object's metadata first. */
  getMetadata(): Promise<readonly [FileMetadata, ...unknown[]]>;
  /** The object's bytes; `end` is the offset of the last one. */
  createReadStream(options: CreateReadStreamOptions): Readable;
}

/** Which bucket, and where its store is. */
export interface GcsBucketOptions {
  /** Its name, without `gs://`. */
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

/** What is served of which bucket. */
export interface GcsSourceOptions {
  /** As of `createGcsBucket`. */
  readonly bucket: GcsBucket;
  /** The folder of the bucket to serve: keys are relative to it, none leaves it. Default: all. */
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
export function createGcsSource({ bucket, prefix }: GcsSourceOptions): BlobSource {
  const root = toFolder(prefix);

  /** The name of the object under `key`; rejects what Cloud Storage would not take for a name. */
  function toName(key: string): string {
    const name = root + key;
    // The name that is just the folder's, as of a console's empty folder, has no key.
    if (key === "" || name === "." || name === ".." || !isPossible(name))
      throw storeError("not_found");
    return name;
  }

  const toInfo = (metadata: FileMetadata): BlobInfo => ({
    key: String(metadata.name).slice(root.length),
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
      () => storeError("changed", error.cause),
      (reason: unknown) => reason,
    );
  }

  return {
    async stat(key, signal) {
      signal?.throwIfAborted();
      return toInfo(await getMetadata(toName(key), signal));
    },

    async *list(keyPrefix, signal) {
      const namePrefix = root + keyPrefix;
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
          if (item.name?.startsWith(namePrefix) && item.name !== root) yield toInfo(item);
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
  return new BodyChunks(stream, {
    length: range.end - range.start,
    signal,
    translate,
    ...(crc32c !== undefined && { inspect: crc32cCheck(crc32c) }),
  });
}

/** Throws `corrupt` in place of the last bytes unless all have this CRC-32C (base64, as the API has it). */
function crc32cCheck(crc32c: string) {
  const expected = Buffer.from(crc32c, "base64").readInt32BE();
  let crc = 0;
  return (bytes: Uint8Array, remaining: number) => {
    crc = updateCrc32c(crc, bytes);
    if (remaining === 0 && crc !== expected) throw storeError("wrong_checksum");
  };
}
