import type { FileMetadata, GetFilesOptions } from "@google-cloud/storage";
import { crc32 } from "../../core/bytes/crc32.ts";
import type { PartPlace, StoredPart, Upload } from "../../core/delivery/blob-destination.ts";
import { uploadGone, wrongUpload } from "../../core/delivery/joined-parts.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { encodeCrc32c, updateCrc32c } from "./crc32c.ts";
import { askGcs } from "./errors.ts";

/**
 * Where uploads under way are, below the destination's folder: in one bucket with what they become,
 * so that the store composes them.
 */
export const UPLOADS_FOLDER = ".ziplink-uploads/";

/** Under which name the mark of an upload is kept with its object. */
export const MARK = "ziplink-delivery";

/** What is used of a `Bucket` of @google-cloud/storage. */
export interface GcsUploadBucket {
  /** The object of this name; asks for nothing yet. */
  file(name: string, options?: { readonly kmsKeyName?: string }): GcsUploadedFile;
  /** Resolves to the files, the next query, and the API's answer as it came. */
  getFiles(query: GetFilesOptions): Promise<readonly [unknown, unknown, unknown]>;
  /** A request to the JSON API, its path below the bucket's; resolves to the answer's JSON first. */
  request(request: GcsRequest): Promise<unknown>;
}

/** What is used of a `File` of @google-cloud/storage. */
export interface GcsUploadedFile {
  /** As of the object, once it is saved. */
  readonly metadata: FileMetadata;
  /** Writes the object as a whole. */
  save(
    bytes: Buffer,
    options: {
      readonly resumable: boolean;
      readonly validation: boolean;
      readonly metadata: FileMetadata;
    },
  ): Promise<unknown>;
}

/** One request to the JSON API. */
export interface GcsRequest {
  readonly method: string;
  /** Below the bucket, with a slash in front. */
  readonly uri: string;
  readonly json?: object;
  readonly qs?: Readonly<Record<string, string>>;
}

/** What is kept of an upload itself: an empty object, whose presence is the upload's. */
export const MARKER = "0-upload";

/** An object of the API, with what is used of it. */
export interface GcsObject {
  readonly name: string;
  readonly size: number;
  readonly generation: string;
  readonly crc32c: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly created: Date;
}

/** The objects below a folder of a bucket, asked for by their API. */
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
    const query = { autoPaginate: false, prefix };
    let page: { items?: readonly FileMetadata[]; nextPageToken?: string } = {};
    do {
      const { nextPageToken: pageToken } = page;
      const request = pageToken === undefined ? query : { ...query, pageToken };
      page = (await askGcs(() => this.#bucket.getFiles(request), signal))[2] as typeof page;
      for (const item of page.items ?? []) yield toObject(item);
    } while (page.nextPageToken !== undefined);
  }

  /** Writes a small object, or a part; the store compares it with its CRC-32C. */
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
      validation: false, // the store compares what is stated in the metadata
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

  /** Deletes an object, or that generation of it alone. Tells whether there was one. */
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

/** Whether there is no such object. */
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

/** The name of a part below its upload's folder; they sort as their numbers do. */
export function partName(number: number): string {
  return `p${String(number).padStart(6, "0")}`;
}

/** Sends a part as an object of its own. */
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
  // One that comes behind an abort would stay for ever.
  if (!(await objects.get(folder + MARKER, signal))) {
    await objects.remove(name, object.generation, signal);
    throw uploadGone();
  }
  return toPart(object, number);
}

/** A part, as its object describes it. */
export function toPart(object: GcsObject, number: number): StoredPart {
  const { size, generation, crc32c, metadata } = object;
  const crc = Number(metadata.crc32 ?? Number.NaN);
  return {
    number,
    size,
    receipt: `${generation} ${crc32c}`,
    ...(Number.isInteger(crc) && { crc32: crc }),
  };
}

/** 400: "Provided CRC32C … doesn't match calculated CRC32C". */
function isRefusedBytes(error: unknown): boolean {
  const { cause } = error as { cause?: { code?: unknown; message?: string } };
  return cause?.code === 400 && /crc32c/i.test(cause.message ?? "");
}
