import { randomFillSync } from "node:crypto";
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32 } from "../core/bytes/crc32.ts";
import type { FileSpec, Folder } from "./input.ts";

const MIB = 1024 * 1024;

export interface SampleFiles extends AsyncDisposable {
  /** Sixteen files of 64 MiB. */
  readonly archive: Folder;
  /** One file of 2 MiB. */
  readonly warmUp: Folder;
}

/**
 * Creates files of random bytes in a temporary folder, which is removed when the object is disposed
 * of.
 */
export async function createSampleFiles(signal: AbortSignal): Promise<SampleFiles> {
  const folder = await mkdtemp(join(tmpdir(), "ziplink-bench-"));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    return {
      archive: await createFolder(join(folder, "archive"), 16, 64 * MIB, signal),
      warmUp: await createFolder(join(folder, "warm-up"), 1, 2 * MIB, signal),
      [Symbol.asyncDispose]: remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function createFolder(root: string, count: number, size: number, signal: AbortSignal) {
  await mkdir(root);
  const bytes = Buffer.alloc(size);
  const files: FileSpec[] = [];
  for (let i = 1; i <= count; i++) {
    signal.throwIfAborted();
    const name = `file-${String(i).padStart(2, "0")}.bin`;
    randomFillSync(bytes);
    await using file = await open(join(root, name), "w");
    await file.writeFile(bytes);
    await file.sync(); // so that the disk does not write while the runs read
    files.push({ name, size, crc32: crc32(bytes) });
  }
  return { root, files };
}
