import { buffer } from "node:stream/consumers";
import { ZiplinkError } from "../../core/errors.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import type { ObjectStore } from "../../core/source/object-store.ts";
import { askGcs } from "./errors.ts";
import { type GcsFile, readGcsFile } from "./source.ts";

/** The part of a `Bucket` of @google-cloud/storage that is used. */
export interface GcsStoreBucket {
  /** Returns the object of this name, without a request. */
  file(name: string): GcsStoredFile;
}

/** The part of a `File` of @google-cloud/storage that is used to read and write it. */
export interface GcsStoredFile extends Pick<GcsFile, "createReadStream"> {
  /** Writes the whole object, replacing an earlier one. */
  save(
    bytes: Buffer,
    options: { readonly resumable: boolean; readonly contentType: string },
  ): Promise<unknown>;
}

/** The bucket and the folder of the objects. */
export interface GcsObjectStoreOptions {
  /** A bucket such as `createGcsBucket` returns. */
  readonly bucket: GcsStoreBucket;
  /** The folder of the bucket in which to store them. Default: its root. */
  readonly prefix?: string;
}

/**
 * Stores small objects in a bucket. Each is written by one request, so it is visible completely or
 * not at all.
 */
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
