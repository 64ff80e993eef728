import { mkdtemp, open, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import type { BlobSource } from "../../core/blob-source.ts";
import { streamZip } from "../../core/stream-zip.ts";
import { layoutZip } from "../../core/zip/layout.ts";
import type { Plan } from "../../core/zip/plan.ts";

/**
 * Creates a folder in memory, if enough bytes are free there: 65,536 files take a second instead of
 * half a minute, and the holes of a sparse file are read without filling a cache.
 */
export async function quickFolder(bytes: number): Promise<string> {
  const memory = "/dev/shm";
  const free = await statfs(memory).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  return mkdtemp(join(free >= bytes ? memory : tmpdir(), "ziplink-test-"));
}

const PAGE = 4096;
const hole = Buffer.alloc(PAGE);

/** Writes the archive to a new file, with its pages of zeros as holes, and checks its length. */
async function writeArchive(plan: Plan, source: BlobSource, path: string): Promise<void> {
  const file = await open(path, "wx");
  try {
    let position = 0;
    for await (const chunk of streamZip(plan, source)) {
      let unwritten = 0;
      for (let at = 0, end = 0; at < chunk.length; at = end) {
        end = Math.min(chunk.length, at + PAGE - ((position + at) % PAGE));
        if (hole.compare(chunk, at, end, 0, end - at) !== 0) continue;
        if (unwritten < at)
          await file.write(chunk, unwritten, at - unwritten, position + unwritten);
        unwritten = end;
      }
      await file.write(chunk, unwritten, chunk.length - unwritten, position + unwritten);
      position += chunk.length;
    }
    await file.truncate(position);
    expect(position).toBe(layoutZip(plan).length);
  } finally {
    await file.close();
  }
}

const archives = new Map<string, Promise<string>>();

/**
 * Returns the file in `folder` with the archive of this name. The first reader that requests it
 * creates it.
 */
export function archiveFile(
  folder: string,
  name: string,
  make: () => Promise<{ plan: Plan; source: BlobSource }>,
): Promise<string> {
  const path = join(folder, `${archives.size}.zip`);
  const made =
    archives.get(name) ??
    make().then(async ({ plan, source }) => {
      await writeArchive(plan, source, path);
      return path;
    });
  archives.set(name, made);
  return made;
}
