/** Streams the same archive into `@aws-sdk/lib-storage`'s Upload, and prints what that took. */

import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { S3Client } from "@aws-sdk/client-s3";
import { Upload } from "@aws-sdk/lib-storage";
import { createS3Client } from "../../adapters/s3/client.ts";
import { createS3Source } from "../../adapters/s3/source.ts";
import { parseArchiveSpec } from "../../core/planning/archive-spec.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { streamZip } from "../../core/stream-zip.ts";
import { printUsage } from "./usage.ts";

const started = performance.now();
const [, , manifest = "", bucket = "", Key = "", partMib = "16"] = process.argv;
const endpoint = process.env.S3_ENDPOINT ?? "";
const source = createS3Source({
  client: createS3Client({ endpoint, forcePathStyle: true }),
  bucket,
  prefix: "in",
});
const spec = parseArchiveSpec(JSON.parse(readFileSync(manifest, "utf8")), { path: "" });
const plan = await planArchive(spec, source);
const body = streamZip(plan, source) as ReadableStream<Uint8Array>;
// By default it computes a CRC-32 of each part, and sends it along.
const client = new S3Client({ endpoint, forcePathStyle: true });
await new Upload({
  client,
  params: { Bucket: bucket, Key, Body: Readable.fromWeb(body), ContentType: "application/zip" },
  queueSize: 4,
  partSize: Number(partMib) * 1024 * 1024,
}).done();
printUsage(started);
process.exit(0);
