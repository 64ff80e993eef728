import { buffer } from "node:stream/consumers";
import type { FileMetadata } from "@google-cloud/storage";
import { isPassing } from "../../core/async/retry.ts";
import type { StateStore } from "../../core/delivery/state-store.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import { askGcs } from "./errors.ts";
import { type GcsFile, readGcsFile } from "./source.ts";
import { type GcsUploadBucket, isGone, UploadObjects } from "./upload-objects.ts";

/** The part of a `Bucket` of @google-cloud/storage that is used. */
export interface GcsStateBucket extends Omit<GcsUploadBucket, "file"> {
  /** Returns the object of this name, without a request. */
  file(
    name: string,
    options?: { readonly generation?: string; readonly kmsKeyName?: string },
  ): GcsStateFile;
}

/** The part of a `File` of @google-cloud/storage that is used. */
export interface GcsStateFile extends Pick<GcsFile, "createReadStream"> {
  /** The object's metadata, once it is saved. */
  readonly metadata: FileMetadata;
  /** Writes the whole object. */
  save(
    bytes: Buffer,
    options: {
      readonly resumable: boolean;
      readonly validation: boolean;
      readonly metadata: FileMetadata;
      readonly preconditionOpts?: { readonly ifGenerationMatch: number | string };
    },
  ): Promise<unknown>;
}

/** The bucket and the folder of the state. */
export interface GcsStateStoreOptions {
  /** A bucket such as `createGcsBucket` returns. */
  readonly bucket: GcsStateBucket;
  /** The folder of the bucket in which to keep it. Default: its root. */
  readonly prefix?: string;
}

/**
 * Keeps state in a bucket; a version is a generation.
 * https://docs.cloud.google.com/storage/docs/request-preconditions
 */
export function createGcsStateStore({ bucket, prefix }: GcsStateStoreOptions): StateStore {
  const root = toFolder(prefix);
  const objects = new UploadObjects(bucket, undefined);

  async function get(name: string, signal?: AbortSignal) {
    for (;;) {
      const found = await objects.get(root + name, signal);
      if (!found) return undefined;
      const { generation } = found;
      const file = bucket.file(root + name, { generation });
      try {
        const bytes = await askGcs(() => buffer(readGcsFile(file)), signal);
        return { bytes, version: generation };
      } catch (error) {
        if (!isGone(error)) throw error; // a later generation has replaced it
      }
    }
  }

  return {
    async get(name, signal) {
      signal?.throwIfAborted();
      return get(name, signal);
    },

    async put(name, bytes, expected, signal) {
      signal?.throwIfAborted();
      const file = bucket.file(root + name);
      const generation = expected === "nothing" ? 0 : expected;
      const options = {
        resumable: false,
        validation: false,
        metadata: { contentType: "application/json" },
        ...(generation !== "anything" && {
          preconditionOpts: {
            ifGenerationMatch: typeof generation === "object" ? generation.version : generation,
          },
        }),
      };
      try {
        await askGcs(() => file.save(Buffer.from(bytes), options), signal);
        return String(file.metadata.generation);
      } catch (error) {
        const isRefused = error instanceof ZiplinkError && error.code === "changed";
        if (!isRefused && !isPassing(error)) throw error;
        // The answer to a write of our own may have been lost.
        const found = await get(name, signal);
        if (found && Buffer.compare(found.bytes, bytes) === 0) return found.version;
        if (isRefused) return undefined;
        throw error;
      }
    },

    async *list(namePrefix, signal) {
      for await (const { name } of objects.list(root + namePrefix, signal)) {
        yield name.slice(root.length);
      }
    },

    async remove(name, signal) {
      signal?.throwIfAborted();
      await objects.remove(root + name, undefined, signal);
    },
  };
}
