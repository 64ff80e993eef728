import { createWriteStream } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import ZipStream from "zip-stream";

/** The earliest that a ZIP can state: when a build was made must not change what it is. */
const DATE = new Date(Date.UTC(1980, 0, 1));

/**
 * Writes the files below `folder` into a compressed ZIP. Equal files give an equal ZIP, by which
 * Lambda tells whether there is anything new.
 */
export async function writeZip(folder: string, file: string): Promise<void> {
  const archive = new ZipStream({ zlib: { level: 9 } });
  const written = pipeline(archive, createWriteStream(file));
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((e) => join(e.parentPath, e.name));
  for (const path of paths.sort()) {
    const name = path.slice(folder.length + 1).replaceAll(sep, "/");
    const bytes = await readFile(path);
    await new Promise<void>((resolve, reject) => {
      const data = { name, date: DATE, mode: 0o644 };
      archive.entry(bytes, data, (error) => (error ? reject(error) : resolve()));
    });
  }
  archive.finish();
  await written;
}
