import { mkdir, writeFile } from "node:fs/promises";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { describe, expect, onTestFinished, test } from "vitest";
import { createS3Client } from "../../../adapters/s3/client.ts";
import { signLink } from "../../../core/links/link.ts";
import type { ArchiveSpec } from "../../../core/planning/archive-spec.ts";
import { verifyZip } from "../../../scripts/get/verify-zip.ts";
import { post } from "../../support/api-client.ts";
import { patterned } from "../../support/bytes.ts";
import { download } from "../../support/download.ts";
import { startFakeGcs } from "../../support/fake-gcs.ts";
import { startNginx } from "../../support/nginx.ts";
import { radosgwTools, startRadosgw } from "../../support/radosgw.ts";
import { linkSecret as secret } from "../../support/secrets.ts";
import { startService } from "../../support/service-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { describeWithTools } from "../../support/tools.ts";

/** Objects that are small, oddly named, empty, and too large to be read whole or in one part. */
const objects: Readonly<Record<string, Buffer>> = {
  "a + b %41.txt": Buffer.from("some text"),
  "empty.txt": Buffer.alloc(0),
  "folder/Ümläut.bin": patterned(20 * 1024 * 1024),
};

/** Runs the plain server with `env` and downloads `request` twice: whole, and only its tail. */
async function expectArchive(env: Record<string, string>, request: ArchiveSpec): Promise<void> {
  const service = await startService("functions/node.ts", { LINK_SECRET: secret, ...env });
  onTestFinished(async () => void (await service.stop()));
  const expires = new Date(Date.now() + 60_000);
  const url = `${service.url}/zip/${await signLink(request, { secret, expires })}`;
  const { status, complete, bytes } = await download(url);
  expect([status, complete], service.output()).toEqual([200, true]);
  const read = async (start: number, end: number) => bytes.subarray(start, end);
  expect(await verifyZip(bytes.length, read)).toBe(Object.keys(objects).length);
  for (const [name, content] of Object.entries(objects)) {
    expect(bytes.includes(Buffer.from(name))).toBe(true);
    expect(bytes.includes(content.subarray(0, 60_000))).toBe(true);
  }
  const tail = await download(url, { headers: { Range: "bytes=-100000" } });
  expect(tail.status).toBe(206);
  expect(tail.bytes.equals(bytes.subarray(-100_000))).toBe(true);
  if (env.MANIFEST_STORE) await expectManifest(service.url);
  expect(service.output()).not.toMatch(/Ümläut|empty\.txt|warn/i);
}

/** Creates a link whose archive spec is too long for a URL, and opens it. */
async function expectManifest(url: string): Promise<void> {
  const entries = Array.from({ length: 200 }, (_, i) => ({
    key: "empty.txt",
    name: `${i}-${"n".repeat(40)}`,
  }));
  const minted = await post(`${url}/links`, undefined, { entries });
  expect(minted.status).toBe(201);
  const link = JSON.parse(minted.bytes.toString()) as { url: string };
  expect(link.url.length).toBeLessThan(1000);
  const described = await download(`${link.url}?format=json`);
  expect(JSON.parse(described.bytes.toString()).entries).toHaveLength(200);
}

describeWithTools("SOURCE=s3://", radosgwTools, () => {
  test("serves a folder of a bucket", async () => {
    const gateway = await startRadosgw();
    onTestFinished(() => gateway.stop());
    const { url, credentials } = gateway;
    const client = createS3Client({
      region: "us-east-1",
      endpoint: url,
      forcePathStyle: true,
      credentials,
    });
    onTestFinished(() => client.destroy());
    await client.send(new CreateBucketCommand({ Bucket: "bucket" }));
    for (const [key, Body] of Object.entries(objects)) {
      await client.send(new PutObjectCommand({ Bucket: "bucket", Key: `served/${key}`, Body }));
    }
    const outside = { Bucket: "bucket", Key: "served2/outside.txt", Body: Buffer.from("outside") };
    await client.send(new PutObjectCommand(outside));
    const env = {
      SOURCE: "s3://bucket/served",
      CRC_STORE: "s3://bucket/checksums",
      MANIFEST_STORE: "s3://bucket/manifests",
      API_AUTH: "platform",
      S3_ENDPOINT: url,
      S3_FORCE_PATH_STYLE: "true",
      AWS_REGION: "us-east-1",
      AWS_ACCESS_KEY_ID: credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    };
    await expectArchive(env, { prefix: "" });
  });
});

describe("SOURCE=gs://", () => {
  test("serves a folder of a bucket", async () => {
    const server = await startFakeGcs();
    onTestFinished(server.close);
    for (const [key, bytes] of Object.entries(objects)) server.objects.put(`served/${key}`, bytes);
    server.objects.put("served2/outside.txt", Buffer.from("outside"));
    await expectArchive(
      {
        SOURCE: "gs://bucket/served",
        CRC_STORE: "gs://bucket/checksums",
        MANIFEST_STORE: "gs://bucket/manifests",
        API_AUTH: "platform",
        GCS_API_ENDPOINT: server.url,
      },
      { prefix: "" },
    );
  });
});

describeWithTools("SOURCE=http://", ["nginx"], () => {
  test("serves files of a web server by name", async () => {
    const root = await temporaryFolder();
    await mkdir(`${root}/folder`);
    for (const [key, bytes] of Object.entries(objects)) await writeFile(`${root}/${key}`, bytes);
    const nginx = await startNginx({ root });
    onTestFinished(() => nginx.stop());
    const entries = Object.keys(objects).map((key) => ({ key }));
    await expectArchive({ SOURCE: `${nginx.url}/` }, { entries });
  });
});
