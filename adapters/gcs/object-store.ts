import { buffer } from "node:stream/consumers";
import { ZiplinkError } from "../../core/errors.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import type { ObjectStore } from "../../core/source/object-store.ts";
import { askGcs } from "./errors.ts";
import { type GcsFile, readGcsFile } from "./source.ts";

/** What is used of a `Bucket` of @google-cloud/storage. */
export interface GcsStoreBucket {
  /** The object of this name; asks for nothing yet. */
  file(name: string): GcsStoredFile;
}

/** What is used of a `File` of @google-cloud/storage, to read and to write it. */
export interface GcsStoredFile extends Pick<GcsFile, "createReadStream"> {
  /** Writes the object as a whole, in place of an earlier one. */
  save(
    bytes: Buffer,
    options: { readonly resumable: boolean; readonly contentType: string },
  ): Promise<unknown>;
}

/** Where in which bucket the objects are. */
export interface GcsObjectStoreOptions {
  /** As of `createGcsBucket`. */
  readonly bucket: GcsStoreBucket;
  /** The folder of the bucket to keep them in. Default: its top. */
  readonly prefix?: string;
}

/** Small objects of a bucket, each written by one request, so that it is seen whole or not at all. */
export function createGcsObjectStore({ bucket, prefix }: GcsObjectStoreOptions): ObjectStore {
  const root = toFolder(prefix);
  return {
    async get(name, signal) {
      const file = bucket.file(root + name);
      try {
        return await askGcs(() => buffer(readGcsFile(file)), signal);
      } catch (error) {
        if (error instanceof ZiplinkError && error.code === "not_found") return undefined;
        throw error;
      }
    },
    async put(name, bytes, signal) {
      const file = bucket.file(root + name);
      const options = { resumable: false, contentType: "application/octet-stream" };
      await askGcs(() => file.save(Buffer.from(bytes), options), signal);
    },
  };
}
