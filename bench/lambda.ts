import { mkdir, mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { signLink } from "../core/link.ts";
import { buildBundle } from "../scripts/build/bundle.ts";
import { type LambdaService, startLambda } from "../test/support/lambda/lambda-service.ts";
import { peakBytesOf, resetPeakOf, residentBytesOf } from "./memory.ts";

const LINK_SECRET = "a secret for the benchmark alone, ok";
const MIB = 2 ** 20;
const FILES = 16;
const FILE_BYTES = 64 * MIB;

/** What a function may have in memory above what it has when it is idle, in bytes. */
const MOST_ABOVE_IDLE = 96 * MIB;

/**
 * How many bytes the slow reader takes in a turn of its event loop. Lambda's clients get 2 MB/s of a
 * function that could send hundreds; here the reader is slow by taking little at a time, not by waiting.
 */
const SLOW_BYTES = 128;

/** One download through the function. */
export interface LambdaRun {
  readonly reader: "fast" | "slow";
  readonly seconds: number;
  /** The most memory while it sent, above idle, in bytes. */
  readonly peakBytes: number;
}

/**
 * An archive of 1 GiB from a folder through the built Lambda bundle, under the real runtime client, to a
 * reader that takes what comes and to one that is slow. Linux only.
 */
export async function measureLambda(): Promise<LambdaRun[]> {
  const folder = await mkdtemp(join(tmpdir(), "ziplink-bench-"));
  try {
    const { dir } = await buildBundle("aws", join(folder, "aws"));
    const files = join(folder, "files");
    await makeFiles(files);
    const runs: LambdaRun[] = [];
    for (const reader of ["fast", "slow"] as const) {
      console.error(`lambda ${reader} reader`);
      const env = { SOURCE: files, LINK_SECRET, MAX_RESPONSE_BYTES: "2_000_000_000" };
      const service = await startLambda({ folder: dir, env });
      try {
        await read(service, { entries: [{ key: "00.bin" }] }, Infinity); // warm
        const [pid = 0] = service.pids();
        const idle = residentBytesOf(pid);
        resetPeakOf(pid);
        const started = performance.now();
        const bytes = await read(
          service,
          { prefix: "" },
          reader === "slow" ? SLOW_BYTES : Infinity,
        );
        const seconds = (performance.now() - started) / 1000;
        if (bytes < FILES * FILE_BYTES) throw new Error(`the reader got ${bytes} bytes`);
        runs.push({ reader, seconds, peakBytes: Math.max(0, peakBytesOf(pid) - idle) });
      } finally {
        await service.stop();
      }
    }
    return runs;
  } finally {
    await rm(folder, { recursive: true, force: true });
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

/** Reads an archive, at most `step` bytes in a turn of the event loop; resolves to its length. */
async function read(
  service: LambdaService,
  request: Parameters<typeof signLink>[0],
  step: number,
): Promise<number> {
  const expires = new Date(Date.now() + 600_000);
  const token = await signLink(request, { secret: LINK_SECRET, expires });
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

/** The runs as lines, and whether each holds what is promised. */
export function describeLambda(runs: readonly LambdaRun[]) {
  const lines = runs.map(
    ({ reader, seconds, peakBytes }) =>
      `${reader} reader  ${seconds.toFixed(2)} s, ${(peakBytes / MIB).toFixed(1)} MiB above idle`,
  );
  return {
    holds: runs.every(({ peakBytes }) => peakBytes <= MOST_ABOVE_IDLE),
    text: [
      `lambda: 1 GiB of files through the Lambda bundle and its runtime client, limit ${MOST_ABOVE_IDLE / MIB} MiB`,
      ...lines,
    ].join("\n"),
  };
}
