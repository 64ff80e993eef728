import pMap from "p-map";
import type {
  BlobDestination,
  DestinationTraits,
  StoredObject,
  Upload,
} from "../../core/delivery/blob-destination.ts";
import { uploadGone } from "../../core/delivery/joined-parts.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import { composeParts, publishWhole } from "./compose-parts.ts";
import {
  type GcsObject,
  type GcsUploadBucket,
  isGone,
  MARK,
  MARKER,
  savePart,
  toPart,
  UPLOADS_FOLDER,
  UploadObjects,
} from "./upload-objects.ts";

/** The bucket and the folder of a destination, and how to write to it. */
export interface GcsDestinationOptions {
  /** A bucket such as `createGcsBucket` returns. */
  readonly bucket: GcsUploadBucket;
  /** The folder of the bucket to write to. Keys are relative to it. Default: its root. */
  readonly prefix?: string;
  /** The Cloud KMS key (CMEK) of new objects, by its resource name. Default: the bucket's. */
  readonly kmsKeyName?: string | undefined;
}

/** Number of objects that are deleted concurrently. */
const CLEARING = 16;

const traits: DestinationTraits = {
  // Every part is an object; ten thousand of them compose in two steps.
  limits: {
    minPartBytes: 1,
    maxPartBytes: 1024 * 1024 * 1024,
    maxParts: 10_000,
    equalParts: false,
  },
  partCheck: "crc32c",
  isAtomic: true,
  copies: "none",
};

/**
 * Uploads to a bucket of Cloud Storage, or to a folder of it. Parts are objects in
 * `.ziplink-uploads/` that the store composes: multipart uploads of the XML API have no
 * preconditions.
 */
export function createGcsDestination(options: GcsDestinationOptions): BlobDestination {
  const root = toFolder(options.prefix);
  const objects = new UploadObjects(options.bucket, options.kmsKeyName);
  const folderOf = ({ id }: Upload) => `${root}${UPLOADS_FOLDER}${id}/`;

  const destination: BlobDestination = {
    traits,

    async begin(key, { mark, contentType, metadata }, signal) {
      signal?.throwIfAborted();
      assertKey(root, key);
      const upload = { key, id: crypto.randomUUID(), mark };
      const terms = { key, contentType, metadata: JSON.stringify(metadata), [MARK]: mark };
      await objects.save(folderOf(upload) + MARKER, Buffer.alloc(0), { metadata: terms }, signal);
      return upload;
    },

    async putPart(upload, place, bytes, signal) {
      signal?.throwIfAborted();
      return savePart(objects, folderOf(upload), upload, place, bytes, signal);
    },

    async copyPart() {
      throw new ZiplinkError("malformed", "This destination cannot copy from the source.");
    },

    async listParts(upload, signal) {
      signal?.throwIfAborted();
      const folder = folderOf(upload);
      if (!(await objects.get(folder + MARKER, signal))) throw uploadGone();
      const parts = [];
      for await (const object of objects.list(`${folder}p`, signal)) {
        parts.push(toPart(object, Number(object.name.slice(folder.length + 1))));
      }
      return parts;
    },

    async complete(upload, parts, terms, signal) {
      signal?.throwIfAborted();
      const folder = folderOf(upload);
      const name = root + upload.key;
      try {
        const marker = await objects.get(folder + MARKER, signal);
        if (!marker) throw uploadGone();
        const whole = await composeParts(objects, folder, parts, terms, signal);
        const own = JSON.parse(marker.metadata.metadata ?? "{}") as Record<string, string>;
        const metadata = {
          contentType: String(marker.metadata.contentType),
          metadata: { ...own, [MARK]: upload.mark },
        };
        await publishWhole(objects, name, folder, whole, metadata, terms, signal);
      } catch (error) {
        // An earlier attempt may have succeeded, with only its answer lost.
        signal?.throwIfAborted();
        const found = await destination.findUploaded(upload, signal);
        if (found?.size !== terms.size) throw isGone(error) ? uploadGone(error) : error;
      }
      const object = await destination.findUploaded(upload, signal);
      await clear(folder, signal);
      if (!object) throw uploadGone();
      return object;
    },

    async abort(upload, signal) {
      signal?.throwIfAborted();
      await clear(folderOf(upload), signal);
    },

    async find(key, signal) {
      signal?.throwIfAborted();
      const found = await objects.get(root + key, signal);
      return found && toStoredObject(key, found);
    },

    async findUploaded({ key, mark }, signal) {
      signal?.throwIfAborted();
      const found = await objects.get(root + key, signal);
      return found?.metadata[MARK] === mark ? toStoredObject(key, found) : undefined;
    },

    async remove({ key, mark }, signal) {
      signal?.throwIfAborted();
      const found = await objects.get(root + key, signal);
      if (found?.metadata[MARK] !== mark) return false;
      return objects.remove(found.name, found.generation, signal);
    },

    async *uploads(prefix, signal) {
      const folder = root + UPLOADS_FOLDER;
      for await (const { name, metadata, created } of objects.list(folder, signal)) {
        const [id = "", rest] = name.slice(folder.length).split("/");
        const { key = "", [MARK]: mark = "" } = metadata;
        if (rest === MARKER && key.startsWith(prefix)) {
          yield { upload: { key, id, mark }, begun: created };
        }
      }
    },
  };

  /** Removes an upload's objects, its marker first: from then on, no part is accepted. */
  async function clear(folder: string, signal: AbortSignal | undefined): Promise<void> {
    await objects.remove(folder + MARKER, undefined, signal);
    const names: string[] = [];
    for await (const { name } of objects.list(folder, signal)) names.push(name);
    await pMap(names, (name) => objects.remove(name, undefined, signal), {
      concurrency: CLEARING,
    });
  }

  return destination;
}

function toStoredObject(key: string, { size, generation, crc32c }: GcsObject): StoredObject {
  return { key, size, version: `${generation}/${crc32c}` };
}

/**
 * Throws for a key that Cloud Storage does not allow:
 * https://docs.cloud.google.com/storage/docs/objects#naming
 */
function assertKey(root: string, key: string): void {
  const name = root + key;
  const isPossible = key !== "" && name !== "." && name !== ".." && name.isWellFormed();
  const isName = isPossible && Buffer.byteLength(name) <= 1024 && !/[\r\n]/.test(name);
  if (isName && !key.startsWith(UPLOADS_FOLDER)) return;
  throw new ZiplinkError(
    "malformed",
    "The destination's key is not one that Cloud Storage can have.",
  );
}
