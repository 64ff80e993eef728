import { S3Client } from "@aws-sdk/client-s3";
import { beforeAll, expect, onTestFinished, test } from "vitest";
import { createS3Source } from "../../../adapters/s3/source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { patterned } from "../../support/bytes.ts";
import { startChecksumFront } from "../../support/checksum-front.ts";
import { radosgwTools } from "../../support/radosgw.ts";
import { busyConnections, region, type S3Store, startS3Store } from "../../support/s3-store.ts";
import { read } from "../../support/source-contents.ts";
import { describeWithTools } from "../../support/tools.ts";

describeWithTools("S3 (radosgw) behind a front that states checksums", radosgwTools, () => {
  let s3: S3Store;

  beforeAll(async () => {
    s3 = await startS3Store();
    return s3.stop;
  });

  const bytes = patterned(4_000_000);
  const checksum = Buffer.alloc(4);
  checksum.writeUInt32BE(crc32(bytes));
  const stated = checksum.toString("base64");

  async function startFront(headers: Readonly<Record<string, string>>) {
    const bucket = await s3.makeBucket();
    await s3.put(bucket, "a", bytes);
    const front = await startChecksumFront(s3.url);
    onTestFinished(() => front.close());
    front.headers = headers;
    return { bucket, front };
  }

  test.each([
    ["FULL_OBJECT", stated, crc32(bytes)],
    ["COMPOSITE", `${stated}-1`, undefined],
    ["COMPOSITE", stated, undefined],
    ["FULL_OBJECT", "AAA=", undefined],
    ["", stated, undefined],
  ])("uses a checksum of type %j, %j, only if it is valid", async (type, value, expected) => {
    const { bucket, front } = await startFront({
      "x-amz-checksum-crc32": value,
      ...(type !== "" && { "x-amz-checksum-type": type }),
    });
    const reader = s3.connect(front.url);
    onTestFinished(() => reader.destroy());
    const source = createS3Source({ client: reader, bucket });
    const blob = await source.stat("a");
    expect(blob.crc32).toBe(expected);
    expect((await read(source, blob)).equals(bytes)).toBe(true);
  });

  test("releases bodies that a client with other settings checks", async () => {
    const { bucket, front } = await startFront({ "x-amz-checksum-crc32": stated });
    const { credentials } = s3;
    const reader = new S3Client({
      region,
      endpoint: front.url,
      credentials,
      forcePathStyle: true,
    });
    onTestFinished(() => reader.destroy());
    const source = createS3Source({ client: reader, bucket });
    const blob = await source.stat("a");
    expect((await read(source, blob)).equals(bytes)).toBe(true);
    for await (const _ of await source.open(blob, { start: 0, end: blob.size })) break;
    await expect.poll(() => busyConnections(reader)).toBe(0);
  });
});
