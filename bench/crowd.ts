import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";
import { peakBytesOf, resetPeakOf, residentBytesOf } from "./memory.ts";
import { type Report, reportOf, type Values } from "./report.ts";
import { Service } from "./service.ts";
import { startStore } from "./store.ts";

const MIB = 1024 * 1024;
const OBJECTS = 16;
const OBJECT_BYTES = 16 * MIB;
const SLOW_BYTES_PER_SECOND = 2 * MIB;

/** Numbers of fast and slow clients at the same time. */
const crowds = [
  { fast: 1, slow: 0 },
  { fast: 8, slow: 8 },
];

/**
 * Measures the memory of the plain server with each crowd. Only Linux reports it; elsewhere, a
 * message says so.
 */
export async function* measureCrowds(runs: number): AsyncGenerator<Report> {
  if (process.platform !== "linux") {
    console.error("crowd: skipped, it needs Linux");
    return;
  }
  const rows: Record<string, Values[]> = {};
  for (const { fast, slow } of crowds) rows[`${fast} fast, ${slow} slow`] = [];
  for (let round = 1; round <= runs; round++) {
    console.error(`crowd ${round}/${runs}`);
    for (const { fast, slow } of crowds) {
      const peakMib = await measureCrowd(fast, slow);
      rows[`${fast} fast, ${slow} slow`]?.push({ peakMib });
    }
  }
  yield reportOf("crowd", "256 MiB from S3 to each of many clients at once", rows);
}

/**
 * Returns the peak memory above idle, in MiB, of a service that sends 256 MiB from S3 to each of
 * `fast` clients, which read as fast as they can, and of `slow` clients, which read 2 MiB/s. All
 * read at the same time, until the fast ones have finished.
 */
async function measureCrowd(fast: number, slow: number): Promise<number> {
  const spec = { objects: OBJECTS, objectBytes: OBJECT_BYTES, firstByteMs: 0, bytesPerSecond: 0 };
  using store = await startStore(spec);
  using service = await Service.start({
    SOURCE: "s3://bucket",
    S3_ENDPOINT: store.endpoint,
    S3_FORCE_PATH_STYLE: "true",
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "bench",
    AWS_SECRET_ACCESS_KEY: "bench",
  });
  await drain(await service.get({ prefix: "" }, "bytes=0-999999")); // warm up
  const idle = residentBytesOf(service.pid);
  resetPeakOf(service.pid);
  const responses = await Promise.all(
    Array.from({ length: fast + slow }, () => service.get({ prefix: "" })),
  );
  const slowOnes = responses.slice(fast);
  for (const response of slowOnes) void readSlowly(response);
  await Promise.all(responses.slice(0, fast).map(drain));
  if (slowOnes.some(({ complete }) => complete))
    throw new Error("The slow clients finished before the fast ones.");
  for (const response of slowOnes) response.destroy();
  return (peakBytesOf(service.pid) - idle) / MIB;
}

async function drain(response: IncomingMessage): Promise<void> {
  response.resume();
  await once(response, "end");
}

async function readSlowly(response: IncomingMessage): Promise<void> {
  response.on("error", () => undefined); // the client disconnects midway
  while (!response.destroyed) {
    const chunk: Buffer | null = response.read();
    await (chunk ? sleep((chunk.length / SLOW_BYTES_PER_SECOND) * 1000) : sleep(10));
  }
}
