import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signLink } from "../core/links/link.ts";
import { buildBundle } from "../scripts/build/bundle.ts";
import {
  hasRuntimeClient,
  type LambdaService,
  startLambda,
} from "../test/support/lambda/lambda-service.ts";
import { peakBytesOf, resetPeakOf, residentBytesOf } from "./memory.ts";
import { type Report, reportOf, type Values } from "./report.ts";

const LINK_SECRET = "a secret for the benchmark alone, ok";
const MIB = 2 ** 20;
const FILES = 16;
const FILE_BYTES = 64 * MIB;

/**
 * Bytes that the slow reader reads per turn of its event loop. Lambda's clients receive 2 MB/s from
 * a function that could send hundreds. Here, the reader is slow because it reads little at a time,
 * not because it waits.
 */
const SLOW_BYTES = 128;

/**
 * Sends an archive of 1 GiB from a folder through the built Lambda bundle, under the real runtime
 * client, to a reader that reads as fast as it can and to a slow one. Linux only. Without the
 * runtime client, there is no report.
 */
export async function* measureLambda(runs: number): AsyncGenerator<Report> {
  if (!hasRuntimeClient()) {
    console.error("lambda: aws-lambda-ric is missing from test/lambda; `npm test` installs it");
    return;
  }
  const folder = await mkdtemp(join(tmpdir(), "ziplink-bench-"));
  try {
    const { dir } = await buildBundle("aws", join(folder, "aws"));
    const files = join(folder, "files");
    await makeFiles(files);
    const fast: Values[] = [];
    const slow: Values[] = [];
    for (let round = 1; round <= runs; round++) {
      console.error(`lambda ${round}/${runs}`);
      fast.push(await download(dir, files, Infinity));
      slow.push(await download(dir, files, SLOW_BYTES));
    }
    yield reportOf("lambda", "1 GiB of files through the Lambda bundle and its runtime client", {
      "fast reader": fast,
      "slow reader": slow,
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Downloads once from a function that has just started and warmed up. */
async function download(bundle: string, files: string, step: number): Promise<Values> {
  const env = { SOURCE: files, LINK_SECRET, MAX_RESPONSE_BYTES: "2_000_000_000" };
  const service = await startLambda({ folder: bundle, env });
  try {
    await read(service, { entries: [{ key: "00.bin" }] }, Infinity); // warm
    const [pid = 0] = service.pids();
    const idle = residentBytesOf(pid);
    resetPeakOf(pid);
    const started = performance.now();
    const bytes = await read(service, { prefix: "" }, step);
    const seconds = (performance.now() - started) / 1000;
    if (bytes < FILES * FILE_BYTES) throw new Error(`the reader received only ${bytes} bytes`);
    return { seconds, peakMib: Math.max(0, peakBytesOf(pid) - idle) / MIB };
  } finally {
    await service.stop();
  }
}

async function makeFiles(folder: string): Promise<void> {
  await mkdir(folder);
  for (let i = 0; i < FILES; i++) {
    const path = join(folder, `${String(i).padStart(2, "0")}.bin`);
    await writeFile(path, "");
    await truncate(path, FILE_BYTES); // sparse
  }
}

/** Reads an archive, at most `step` bytes per turn of the event loop. Resolves with its length. */
async function read(
  service: LambdaService,
  spec: Parameters<typeof signLink>[0],
  step: number,
): Promise<number> {
  const expires = new Date(Date.now() + 600_000);
  const token = await signLink(spec, { secret: LINK_SECRET, expires });
  const { prelude, body } = await service.invoke({
    version: "2.0",
    rawPath: `/zip/${token}`,
    headers: { host: "localhost" },
    requestContext: { http: { method: "GET" } },
  });
  if (prelude.statusCode !== 200) throw new Error(`the function answered ${prelude.statusCode}`);
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    for (let at = step; at < chunk.length; at += step) await new Promise(setImmediate);
  }
  return bytes;
}
