import { ListMultipartUploadsCommand, type S3Client } from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { createS3Client } from "../../../adapters/s3/client.ts";
import { createS3Destination } from "../../../adapters/s3/destination.ts";
import { createS3Source } from "../../../adapters/s3/source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { describeBlobDestination } from "../../contract/blob-destination.ts";
import { type AwsFront, startAwsFront } from "../../support/aws-front.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { codeOf } from "../../support/error-codes.ts";
import { radosgwTools } from "../../support/radosgw.ts";
import { region, type S3Store, startS3Store } from "../../support/s3-store.ts";
import { describeWithTools } from "../../support/tools.ts";

const MiB = 1024 * 1024;
const terms = { mark: "mark", contentType: "application/zip", metadata: { "ziplink-etag": "x" } };

describeWithTools("uploads into S3", radosgwTools, () => {
  let s3: S3Store;

  beforeAll(async () => {
    s3 = await startS3Store();
    return s3.stop;
  });

  async function subjectOf(endpoint: string, partCheck: "crc32" | "md5") {
    const bucket = await s3.makeBucket();
    const client = s3.connect(endpoint);
    const stranger = createS3Client({
      region,
      endpoint,
      forcePathStyle: true,
      credentials: { ...s3.credentials, secretAccessKey: "another" },
    });
    const source = createS3Source({ client: s3.client, bucket, prefix: "out" });
    const destination = createS3Destination({ client, bucket, prefix: "out", partCheck });
    return {
      destination,
      denied: createS3Destination({ client: stranger, bucket, prefix: "out", partCheck }),
      async read(key: string) {
        const blob = await source.stat(key).catch(() => undefined);
        return blob && collect(await source.open(blob, { start: 0, end: blob.size }));
      },
      put: async (key: string, bytes: Uint8Array) =>
        void (await s3.put(bucket, `out/${key}`, bytes)),
      leftovers: () => countUploads(s3.client, bucket),
      lose: (upload: Parameters<typeof destination.abort>[0]) => destination.abort(upload),
      async close() {
        client.destroy();
        stranger.destroy();
      },
    };
  }

  describeBlobDestination("s3 (radosgw, MD5)", () => subjectOf(s3.url, "md5"));

  describe("with the checks of AWS", () => {
    let front: AwsFront;

    beforeAll(async () => {
      front = await startAwsFront(s3.url, s3.client);
      return front.close;
    });

    describeBlobDestination("s3 (CRC-32)", () => subjectOf(front.url, "crc32"));

    async function begun() {
      const bucket = await s3.makeBucket();
      const client = s3.connect(front.url);
      onTestFinished(() => client.destroy());
      const destination = createS3Destination({ client, bucket, partCheck: "crc32" });
      const bytes = patterned(100_000);
      const upload = await destination.begin("a.zip", terms);
      return { bucket, client, destination, bytes, upload };
    }

    test("a part that arrives damaged is refused", async () => {
      const { destination, bytes, upload } = await begun();
      front.damageNextPart();
      const send = () => destination.putPart(upload, { number: 1, start: 0 }, bytes);
      expect(await codeOf(send())).toBe("corrupt");
      expect(await destination.listParts(upload)).toEqual([]);
      expect(await send()).toMatchObject({ size: bytes.length, crc32: crc32(bytes) });
    });

    test("lists parts with their checksums, so that a resuming process need not read them", async () => {
      const { destination, bytes, upload } = await begun();
      const part = await destination.putPart(upload, { number: 1, start: 0 }, bytes);
      expect(await destination.listParts(upload)).toEqual([part]);
    });

    test("completes even if the answer was lost", async () => {
      const { destination, bytes, upload } = await begun();
      const part = await destination.putPart(upload, { number: 1, start: 0 }, bytes);
      front.loseAnswer(/^POST .*uploadId=/);
      const object = await destination.complete(upload, [part], {
        size: bytes.length,
        crc32: crc32(bytes),
        replaces: "nothing",
      });
      expect(object).toMatchObject({ size: bytes.length, crc32: crc32(bytes) });
    });

    test("copies from the same store, which reports the checksum", async () => {
      const { bucket, client, bytes: tail } = await begun();
      const large = patterned(6 * MiB, 2);
      await s3.put(bucket, "from/big +ü.bin", large);
      const source = createS3Source({ client: s3.client, bucket, prefix: "from" });
      const destination = createS3Destination({
        client,
        bucket,
        partCheck: "crc32",
        copiesFrom: { bucket, prefix: "from" },
      });
      const blob = await source.stat("big +ü.bin");
      const upload = await destination.begin("copy", terms);
      const range = { start: 1000, end: large.length };
      const place = { number: 1, start: 0 };
      const copied = await destination.copyPart(upload, place, blob, range);
      expect(copied.crc32).toBe(crc32(large.subarray(1000)));
      const last = await destination.putPart(upload, { number: 2, start: copied.size }, tail);
      const whole = Buffer.concat([large.subarray(1000), tail]);
      await destination.complete(upload, [copied, last], {
        size: whole.length,
        crc32: crc32(whole),
        replaces: "nothing",
      });
      const made = createS3Source({ client: s3.client, bucket });
      const object = await made.stat("copy");
      expect(
        (await collect(await made.open(object, { start: 0, end: object.size }))).equals(whole),
      );

      // An object that has replaced it is not copied unnoticed.
      await s3.put(bucket, "from/big +ü.bin", patterned(6 * MiB, 3));
      const second = await destination.begin("copy-2", terms);
      expect(await codeOf(destination.copyPart(second, place, blob, range))).toBe("changed");
      const plain = createS3Destination({
        client: s3.client,
        bucket,
        partCheck: "md5",
        copiesFrom: { bucket, prefix: "from" },
      });
      expect(await codeOf(plain.copyPart(second, place, blob, range))).toBe("changed");
    });
  });

  test("parts carry one checksum, and are not hashed again for the signature", async () => {
    const bucket = await s3.makeBucket();
    const client = s3.connect(s3.url);
    onTestFinished(() => client.destroy());
    const seen: Record<string, string>[] = [];
    client.middlewareStack.add(
      (next) => (args) => {
        seen.push({ ...(args.request as { headers: Record<string, string> }).headers });
        return next(args);
      },
      { step: "finalizeRequest", priority: "low", name: "look" },
    );
    const destination = createS3Destination({ client, bucket, partCheck: "md5" });
    const upload = await destination.begin("a", terms);
    await destination.putPart(upload, { number: 1, start: 0 }, Buffer.from("bytes"));
    const headers = seen.at(-1) ?? {};
    expect(headers["x-amz-content-sha256"]).toBe("UNSIGNED-PAYLOAD");
    expect(headers["content-md5"]).toBeDefined();
    expect(Object.keys(headers).filter((name) => name.startsWith("x-amz-checksum"))).toEqual([]);
    const aws = createS3Destination({ client, bucket, partCheck: "crc32" });
    await aws.putPart(upload, { number: 1, start: 0 }, Buffer.from("bytes")).catch(() => undefined);
    const others = seen.at(-1) ?? {};
    expect(others["content-md5"]).toBeUndefined();
    expect(Object.keys(others).filter((name) => name.startsWith("x-amz-checksum"))).toEqual([
      "x-amz-checksum-crc32",
    ]);
  });

  test("requests the configured encryption", async () => {
    const bucket = await s3.makeBucket();
    const sent: unknown[] = [];
    const client = s3.connect(s3.url);
    onTestFinished(() => client.destroy());
    client.middlewareStack.add(
      (_next) => async (args) => {
        sent.push(args.input);
        return { output: { $metadata: {}, UploadId: "upload" }, response: {} };
      },
      { step: "initialize", name: "answer" },
    );
    const encrypted = (encryption: Parameters<typeof createS3Destination>[0]["encryption"]) =>
      createS3Destination({ client, bucket, partCheck: "crc32", encryption }).begin("a", terms);
    await encrypted({ kind: "AES256" });
    await encrypted({ kind: "aws:kms", keyId: "alias/own" });
    expect(sent).toMatchObject([
      { ServerSideEncryption: "AES256" },
      { ServerSideEncryption: "aws:kms", SSEKMSKeyId: "alias/own" },
    ]);
  });

  test("reports that the bucket does not exist", async () => {
    const { client } = s3;
    const destination = createS3Destination({ client, bucket: "no-such-bucket", partCheck: "md5" });
    expect(await codeOf(destination.begin("a", terms))).toBe("denied");
  });
});

async function countUploads(client: S3Client, Bucket: string): Promise<number> {
  const { Uploads } = await client.send(new ListMultipartUploadsCommand({ Bucket }));
  return Uploads?.length ?? 0;
}
