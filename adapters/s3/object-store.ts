import { GetObjectCommand, PutObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { toFolder } from "../../core/source/key-prefix.ts";
import type { ObjectStore } from "../../core/source/object-store.ts";
import { translateS3Error } from "./errors.ts";

/** The bucket and the folder of the objects. */
export interface S3ObjectStoreOptions {
  /** A client such as `createS3Client` returns. */
  readonly client: S3Client;
  /** The bucket's name, without `s3://`. */
  readonly bucket: string;
  /** The folder of the bucket in which to store them. Default: its root. */
  readonly prefix?: string;
}

/**
 * Stores small objects in a bucket. S3 shows an object only when it is complete, so none is visible
 * half-written.
 */
export function createS3ObjectStore(options: S3ObjectStoreOptions): ObjectStore {
  const { client, bucket: Bucket } = options;
  const root = toFolder(options.prefix);
  return {
    async get(name, signal) {
      try {
        const command = new GetObjectCommand({ Bucket, Key: root + name });
        const { Body } = await client.send(command, { ...(signal && { abortSignal: signal }) });
        return await Body?.transformToByteArray();
      } catch (error) {
        signal?.throwIfAborted();
        if (error instanceof Error && error.name === "NoSuchKey") return undefined;
        throw translateS3Error(error);
      }
    },
    async put(name, bytes, signal) {
      try {
        const command = new PutObjectCommand({ Bucket, Key: root + name, Body: bytes });
        await client.send(command, { ...(signal && { abortSignal: signal }) });
      } catch (error) {
        signal?.throwIfAborted();
        throw translateS3Error(error);
      }
    },
  };
}
