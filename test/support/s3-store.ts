import type { Agent } from "node:http";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  PutObjectCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { createS3Client } from "../../adapters/s3/client.ts";
import { startRadosgw } from "./radosgw.ts";

export const region = "us-east-1";

/** A radosgw, its client, and the objects that tests put into it. */
export type S3Store = Awaited<ReturnType<typeof startS3Store>>;

/** @param memoryBytes how much the store can hold */
export async function startS3Store(memoryBytes?: number) {
  const gateway = await startRadosgw(memoryBytes);
  const { url, credentials } = gateway;
  const client = connect(url);

  /**
   * Creates a separate client, which its user destroys, to the gateway or to a proxy in front of
   * it.
   */
  function connect(endpoint: string): S3Client {
    return createS3Client({ region, endpoint, credentials, forcePathStyle: true });
  }

  const put = (bucket: string, key: string, body: Uint8Array | string) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));

  const remove = (bucket: string, key: string, version?: string) =>
    client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: version }));

  let buckets = 0;
  async function makeBucket(objects: Readonly<Record<string, string>> = {}): Promise<string> {
    const bucket = `bucket-${++buckets}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    for (const [key, body] of Object.entries(objects)) await put(bucket, key, body);
    return bucket;
  }

  return {
    url,
    credentials,
    client,
    connect,
    put,
    remove,
    makeBucket,
    async stop() {
      client.destroy();
      await gateway.stop();
    },
  };
}

/**
 * Returns how many connections of `client` have a request in progress or a body that is not read to
 * its end.
 */
export function busyConnections(client: S3Client): number {
  const handler = client.config.requestHandler as { httpHandlerConfigs?(): { httpAgent?: Agent } };
  return Object.values(handler.httpHandlerConfigs?.().httpAgent?.sockets ?? {}).flat().length;
}
