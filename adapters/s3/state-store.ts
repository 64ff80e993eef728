import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { isPassing } from "../../core/async/retry.ts";
import type { ExpectedState, StateStore, StoredState } from "../../core/delivery/state-store.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { toFolder } from "../../core/source/key-prefix.ts";
import { quoteETag } from "./facts.ts";
import { translatedWrite } from "./upload-errors.ts";
import { withSignal } from "./uploaded.ts";

/** The bucket and the folder of the state. */
export interface S3StateStoreOptions {
  /** A client such as `createS3Client` returns. */
  readonly client: S3Client;
  /** The bucket's name, without `s3://`. */
  readonly bucket: string;
  /** The folder of the bucket in which to keep it. Default: its root. */
  readonly prefix?: string;
  /** Whether If-Match must have no quotes, as radosgw wants it. Default false. */
  readonly unquotedIfMatch?: boolean;
}

/**
 * Keeps state in a bucket, by conditional writes.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function createS3StateStore(options: S3StateStoreOptions): StateStore {
  const { client, bucket: Bucket, unquotedIfMatch = false } = options;
  const root = toFolder(options.prefix);

  async function get(name: string, signal?: AbortSignal): Promise<StoredState | undefined> {
    const command = new GetObjectCommand({ Bucket, Key: root + name });
    try {
      const { Body, ETag } = await translatedWrite(
        client.send(command, withSignal(signal)),
        signal,
      );
      const bytes = await translatedWrite(
        Body?.transformToByteArray() ?? Promise.resolve(new Uint8Array()),
        signal,
      );
      return { bytes, version: quoteETag(ETag ?? "") };
    } catch (error) {
      if (error instanceof ZiplinkError && error.code === "not_found") return undefined;
      throw error;
    }
  }

  const conditionOf = (expected: ExpectedState) => {
    if (expected === "anything") return {};
    if (expected === "nothing") return { IfNoneMatch: "*" };
    const { version } = expected;
    return { IfMatch: unquotedIfMatch ? version.replaceAll('"', "") : version };
  };

  return {
    async get(name, signal) {
      signal?.throwIfAborted();
      return get(name, signal);
    },

    async put(name, bytes, expected, signal) {
      signal?.throwIfAborted();
      const command = new PutObjectCommand({
        Bucket,
        Key: root + name,
        Body: bytes,
        ...conditionOf(expected),
      });
      try {
        const { ETag } = await translatedWrite(client.send(command, withSignal(signal)), signal);
        return quoteETag(ETag ?? "");
      } catch (error) {
        const isRefused =
          error instanceof ZiplinkError && ["changed", "not_found"].includes(error.code);
        if (!isRefused && !isPassing(error)) throw error;
        // The answer to a write of our own may have been lost; radosgw answers 500 to who comes second.
        const found = await get(name, signal);
        if (found && Buffer.compare(found.bytes, bytes) === 0) return found.version;
        const isOther = typeof expected === "object" && found?.version !== expected.version;
        if (isRefused || isOther || (expected === "nothing" && found)) return undefined;
        throw error;
      }
    },

    async *list(prefix, signal) {
      signal?.throwIfAborted();
      let ContinuationToken: string | undefined;
      do {
        const command = new ListObjectsV2Command({
          Bucket,
          Prefix: root + prefix,
          ContinuationToken,
        });
        const page = await translatedWrite(client.send(command, withSignal(signal)), signal);
        for (const { Key = "" } of page.Contents ?? []) yield Key.slice(root.length);
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
    },

    async remove(name, signal) {
      signal?.throwIfAborted();
      const command = new DeleteObjectCommand({ Bucket, Key: root + name });
      await translatedWrite(client.send(command, withSignal(signal)), signal);
    },
  };
}
