import type { FileMetadata } from "@google-cloud/storage";
import { crc32 } from "../../core/bytes/crc32.ts";
import type { PartPlace, StoredPart, Upload } from "../../core/delivery/blob-destination.ts";
import { uploadGone, wrongUpload } from "../../core/delivery/joined-parts.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { encodeCrc32c, updateCrc32c } from "./crc32c.ts";
import { askGcs } from "./errors.ts";
import { fetchGcsPage, type GcsListedBucket } from "./list-files.ts";

/**
 * The folder of uploads in progress, below the destination's folder: in the same bucket, so that
 * the store can compose them.
 */
export const UPLOADS_FOLDER = ".ziplink-uploads/";

/** The metadata key of an upload's mark on its object. */
export const MARK = "ziplink-delivery";

/** The part of a `Bucket` of @google-cloud/storage that is used. */
export interface GcsUploadBucket extends GcsListedBucket {
  /** Returns the object of this name, without a request. */
  file(name: string, options?: { readonly kmsKeyName?: string }): GcsUploadedFile;
  /**
   * Makes a request to the JSON API, with a path below the bucket's. Resolves with an array that
   * begins with the JSON of the response.
   */
  request(request: GcsRequest): Promise<unknown>;
}

/** The part of a `File` of @google-cloud/storage that is used. */
export interface GcsUploadedFile {
  /** The metadata of the object, once it is saved. */
  readonly metadata: FileMetadata;
  /** Writes the whole object. */
  save(
    bytes: Buffer,
    options: {
      readonly resumable: boolean;
      readonly validation: boolean;
      readonly metadata: FileMetadata;
    },
  ): Promise<unknown>;
}

/** A request to the JSON API. */
export interface GcsRequest {
  readonly method: string;
  /** Below the bucket, with a leading slash. */
  readonly uri: string;
  readonly json?: object;
  readonly qs?: Readonly<Record<string, string>>;
}

/** The marker of an upload: an empty object, which exists as long as the upload does. */
export const MARKER = "0-upload";

/** The fields of an API object that are used. */
export interface GcsObject {
  readonly name: string;
  readonly size: number;
  readonly generation: string;
  readonly crc32c: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly created: Date;
}

/** The objects below a folder of a bucket, through the JSON API. */
export class UploadObjects {
  readonly #bucket: GcsUploadBucket;
  readonly #kmsKeyName: string | undefined;

  constructor(bucket: GcsUploadBucket, kmsKeyName: string | undefined) {
    this.#bucket = bucket;
    this.#kmsKeyName = kmsKeyName;
  }

  /** https://docs.cloud.google.com/storage/docs/json_api/v1/objects/get */
  async get(name: string, signal?: AbortSignal): Promise<GcsObject | undefined> {
    try {
      return toObject(await this.#ask({ method: "GET", uri: uriOf(name) }, signal));
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /** https://docs.cloud.google.com/storage/docs/json_api/v1/objects/list */
  async *list(prefix: string, signal?: AbortSignal): AsyncGenerator<GcsObject, void, undefined> {
    let token: string | undefined;
    do {
      const { items, next } = await fetchGcsPage(this.#bucket, { prefix }, token, signal);
      for (const item of items) yield toObject(item);
      token = next;
    } while (token !== undefined);
  }

  /** Writes a small object, or a part. The store compares it with its CRC-32C. */
  async save(
    name: string,
    bytes: Uint8Array,
    metadata: FileMetadata,
    signal?: AbortSignal,
  ): Promise<GcsObject> {
    const kms = this.#kmsKeyName === undefined ? {} : { kmsKeyName: this.#kmsKeyName };
    const file = this.#bucket.file(name, kms);
    const crc32c = encodeCrc32c(updateCrc32c(0, bytes));
    const options = {
      resumable: false,
      validation: false, // the store compares the bytes with the metadata's checksum
      metadata: { ...metadata, crc32c },
    };
    const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
    await askGcs(() => file.save(content, options), signal);
    return toObject(file.metadata);
  }

  /**
   * Joins up to 32 objects, each of the stated generation, to one.
   * https://docs.cloud.google.com/storage/docs/json_api/v1/objects/compose
   */
  async compose(
    name: string,
    sources: readonly Pick<GcsObject, "name" | "generation">[],
    metadata: FileMetadata,
    generation?: string,
    signal?: AbortSignal,
  ): Promise<GcsObject> {
    const json = {
      sourceObjects: sources.map((source) => ({
        name: source.name,
        objectPreconditions: { ifGenerationMatch: source.generation },
      })),
      destination: metadata,
    };
    const qs = {
      ...(generation === undefined ? {} : { ifGenerationMatch: generation }),
      ...(this.#kmsKeyName === undefined ? {} : { kmsKeyName: this.#kmsKeyName }),
    };
    return toObject(
      await this.#ask({ method: "POST", uri: `${uriOf(name)}/compose`, json, qs }, signal),
    );
  }

  /** Deletes an object, or only the given generation. Returns whether it existed. */
  async remove(name: string, generation?: string, signal?: AbortSignal): Promise<boolean> {
    const qs = generation === undefined ? {} : { ifGenerationMatch: generation };
    try {
      await this.#ask({ method: "DELETE", uri: uriOf(name), qs }, signal);
      return true;
    } catch (error) {
      if (isGone(error)) return false;
      if (error instanceof ZiplinkError && error.code === "changed") return false;
      throw error;
    }
  }

  async #ask(request: GcsRequest, signal: AbortSignal | undefined): Promise<FileMetadata> {
    const answer = await askGcs(() => this.#bucket.request(request), signal);
    return (Array.isArray(answer) ? answer[0] : answer) as FileMetadata;
  }
}

/** Whether the object does not exist. */
export function isGone(error: unknown): boolean {
  return error instanceof ZiplinkError && error.code === "not_found";
}

function uriOf(name: string): string {
  return `/o/${encodeURIComponent(name)}`;
}

function toObject(metadata: FileMetadata): GcsObject {
  const { name, size, generation, crc32c, metadata: own, timeCreated } = metadata;
  return {
    name: String(name),
    size: Number(size),
    generation: String(generation),
    crc32c: String(crc32c),
    metadata: (own ?? {}) as Record<string, string>,
    created: new Date(String(timeCreated)),
  };
}

/** Returns the name of a part below its upload's folder. The names sort as the numbers do. */
export function partName(number: number): string {
  return `p${String(number).padStart(6, "0")}`;
}

/** Sends a part as a separate object. */
export async function savePart(
  objects: UploadObjects,
  folder: string,
  upload: Upload,
  { number }: PartPlace,
  bytes: Uint8Array,
  signal?: AbortSignal,
): Promise<StoredPart> {
  const name = folder + partName(number);
  const metadata = { crc32: String(crc32(bytes)), [MARK]: upload.mark };
  let object: GcsObject;
  try {
    object = await objects.save(name, bytes, { metadata }, signal);
  } catch (error) {
    throw isRefusedBytes(error) ? wrongUpload() : error;
  }
  // A part that arrives after an abort would stay for ever.
  if (!(await objects.get(folder + MARKER, signal))) {
    await objects.remove(name, object.generation, signal);
    throw uploadGone();
  }
  return toPart(object, number);
}

/** Returns the part that an object describes. */
export function toPart(object: GcsObject, number: number): StoredPart {
  const { size, crc32c, metadata } = object;
  const crc = Number(metadata.crc32 ?? Number.NaN);
  return {
    number,
    size,
    receipt: crc32c,
    ...(Number.isInteger(crc) && { crc32: crc }),
  };
}

/**
 * Whether the store refused a wrong checksum. 400: "Provided CRC32C … doesn't match calculated
 * CRC32C".
 */
function isRefusedBytes(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: unknown; message?: string } };
  return cause?.code === 400 && /crc32c/i.test(cause.message ?? "");
}
