import { once } from "node:events";
import { mkdtemp, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ArchiveSpec } from "../core/planning/archive-spec.ts";
import { type Report, reportOf, type Values } from "./report.ts";
import { Service } from "./service.ts";

const FILES = 160;
const FILE_BYTES = 64 * 1024 * 1024;

/**
 * Times the first byte of a 10 GiB archive of a folder, from its beginning and from 90%. The files'
 * checksums are unknown and every request goes to a service that has just started, so nine tenths
 * of the files must be read again. The client disconnects after the first byte.
 */
export async function* measureResume(runs: number): AsyncGenerator<Report> {
  const folder = await mkdtemp(join(tmpdir(), "ziplink-bench-"));
  try {
    for (let i = 0; i < FILES; i++) {
      const path = join(folder, `${String(i).padStart(3, "0")}.bin`);
      await writeFile(path, "");
      await truncate(path, FILE_BYTES); // sparse
    }
    const start = Math.floor(FILES * FILE_BYTES * 0.9);
    const fresh: Values[] = [];
    const resumed: Values[] = [];
    for (let round = 1; round <= runs; round++) {
      console.error(`resume ${round}/${runs}`);
      fresh.push({ firstByteMs: await firstByte(folder, "bytes=0-") });
      resumed.push({ firstByteMs: await firstByte(folder, `bytes=${start}-`) });
    }
    yield reportOf(
      "resume",
      "the first byte of a 10 GiB archive of a folder, by a service that has just started",
      { "from the beginning": fresh, "from 90% on": resumed },
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Starts a service, warms it up with a small request, and times a request for `range`. */
async function firstByte(folder: string, range: string): Promise<number> {
  using service = await Service.start({ SOURCE: folder });
  await timeFirstByte(service, { entries: [{ key: "000.bin" }] }, "bytes=0-99");
  return await timeFirstByte(service, { prefix: "" }, range);
}

async function timeFirstByte(service: Service, spec: ArchiveSpec, range: string) {
  const started = performance.now();
  const response = await service.get(spec, range);
  await once(response, "readable");
  const elapsed = performance.now() - started;
  // The client disconnects, so the missing rest is expected.
  response.on("error", () => undefined).destroy();
  return elapsed;
}
