import { createWriteStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import { createMemorySource } from "../../adapters/memory/source.ts";
import { planArchive, streamZip } from "../../core/index.ts";

/**
 * The earliest time that a ZIP can hold. A fixed one, so that the time of a build does not change
 * its bytes.
 */
const MODIFIED = new Date(Date.UTC(1980, 0, 1));

/**
 * Writes the files below `folder` into a compressed ZIP. Equal files give an equal ZIP, which is
 * how Lambda recognizes that nothing has changed.
 */
export async function writeZip(folder: string, file: string): Promise<void> {
  const source = createMemorySource();
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const key = path.slice(folder.length + 1).replaceAll(sep, "/");
    source.put(key, { bytes: await readFile(path), modified: MODIFIED });
  }
  const plan = await planArchive({ prefix: "", compression: "deflate" }, source);
  await pipeline(streamZip(plan, source), createWriteStream(file));
}
