import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DeleteObjectCommand } from "@aws-sdk/client-s3";
import { startCountingProxy } from "../test/support/counting-proxy.ts";
import { region, type S3Store, startS3Store } from "../test/support/s3-store.ts";
import type { Usage } from "./deliveries/usage.ts";
import { type Report, reportOf, type Values } from "./report.ts";

const MiB = 1024 * 1024;
const OBJECTS = 16;
const OBJECT_BYTES = 64 * MiB;
/** Each object is in the archive so often. */
const TIMES = 4;
const ARCHIVE_BYTES = OBJECTS * OBJECT_BYTES * TIMES;

/** A store with the objects of the archive, and a file that lists them. */
async function startBed() {
  const folder = await mkdtemp(join(tmpdir(), "ziplink-bench-"));
  const s3 = await startS3Store(12 * 1024 * MiB);
  const bucket = await s3.makeBucket();
  const entries = [];
  for (let i = 0; i < OBJECTS; i++) {
    // Another first byte in each, so that they are not the same object.
    const bytes = Buffer.alloc(OBJECT_BYTES, `object ${i} of the benchmark `);
    await s3.put(bucket, `in/object-${i}`, bytes);
  }
  for (let i = 0; i < OBJECTS * TIMES; i++) {
    entries.push({ key: `object-${i % OBJECTS}`, name: `file ${i}` });
  }
  const manifest = join(folder, "manifest.json");
  await writeFile(manifest, JSON.stringify({ entries }));
  return { s3, bucket, manifest, folder };
}

function settings(s3: S3Store, bucket: string, endpoint: string) {
  return {
    PATH: process.env.PATH,
    SOURCE: `s3://${bucket}/in`,
    DELIVERY_STORE: `s3://${bucket}/state`,
    S3_ENDPOINT: endpoint,
    S3_FORCE_PATH_STYLE: "true",
    AWS_REGION: region,
    AWS_ACCESS_KEY_ID: s3.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: s3.credentials.secretAccessKey,
  };
}

/**
 * Delivers an archive of 4 GiB into radosgw, and streams the same objects into `@aws-sdk/lib-storage` with
 * its checks. Processor time and the peak of memory are those of the whole process.
 */
export async function* measureDeliveries(
  runs: number,
  signal: AbortSignal,
): AsyncGenerator<Report> {
  const { s3, bucket, manifest, folder } = await startBed();
  const proxy = await startCountingProxy(s3.url);
  try {
    const env = settings(s3, bucket, s3.url);
    const rows: Record<string, Values[]> = {};
    const remove = () =>
      s3.client.send(new DeleteObjectCommand({ Bucket: bucket, Key: "out/a.zip" }));
    const deliver = (partMib: number, at = env) =>
      runScript(
        "run-deliver.ts",
        [...deliverArguments(manifest, bucket, partMib), "--overwrite"],
        at,
      );
    const contestants: Record<string, () => Promise<Usage>> = {
      "lib-storage": () =>
        runScript("run-lib-storage.ts", [manifest, bucket, "out/a.zip", "16"], env),
      ziplink: () => deliver(16),
      "ziplink (8 MiB parts)": () => deliver(8),
    };
    for (let round = 1; round <= runs; round++) {
      for (const [name, run] of Object.entries(contestants)) {
        signal.throwIfAborted();
        console.error(`deliveries ${round}/${runs}: ${name}`);
        const { seconds, cpuSeconds, peakMib } = await run();
        await remove();
        const cpuSecondsPerGb = cpuSeconds / (ARCHIVE_BYTES / 1e9);
        const mibPerSecond = ARCHIVE_BYTES / MiB / seconds;
        const values = { seconds, mibPerSecond, cpuSecondsPerGb, peakMib };
        rows[name] = [...(rows[name] ?? []), values];
      }
    }
    yield reportOf("deliveries", "4 GiB into radosgw, 4 parts at once; peak of all memory", rows);
    proxy.reset();
    await deliver(16, settings(s3, bucket, proxy.url));
    await remove();
    console.log(`read ${proxy.read / ARCHIVE_BYTES} and sent ${proxy.sent / ARCHIVE_BYTES} times`);
  } finally {
    await proxy.close();
    await s3.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

function deliverArguments(manifest: string, bucket: string, partMib: number): string[] {
  const to = `s3://${bucket}/out/a.zip`;
  return ["--manifest", manifest, "--to", to, "--part-size", String(partMib), "--json"];
}

/** Runs one of the scripts beside, and returns what it took. */
async function runScript(
  name: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Promise<Usage> {
  const script = fileURLToPath(import.meta.resolve(`./deliveries/${name}`));
  const child = spawn(process.execPath, [script, ...args], {
    env: env as NodeJS.ProcessEnv,
    stdio: ["ignore", "pipe", "inherit"],
  });
  let usage: Usage | undefined;
  createInterface({ input: child.stdout }).on("line", (line) => {
    const parsed = JSON.parse(line) as { usage?: Usage };
    usage = parsed.usage ?? usage;
  });
  const [code] = (await once(child, "close")) as [number | null];
  if (code !== 0 || !usage) throw new Error(`${name} ended with ${code}`);
  return usage;
}
