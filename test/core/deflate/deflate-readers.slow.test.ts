import { mkdir, mkdtemp, readdir, readFile, stat, utimes, writeFile } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createMemorySource, type MemoryObject } from "../../../adapters/memory/source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { defaultZipFormat } from "../../../core/zip/format.ts";
import { collect, sha256 } from "../../support/bytes.ts";
import { incompressible, jpegLike, prose } from "../../support/contents.ts";
import { readers } from "../../support/readers.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../../support/tools.ts";

// East of UTC, so that a time read as local differs from the same time read as UTC.
vi.hoisted(() => {
  process.env.TZ = "UTC-5:30";
  process.umask(0);
});
vi.setConfig({ testTimeout: 120_000 });

const MiB = 1024 * 1024;
const modified = new Date("2024-05-06T07:08:09Z");
const timeRestorers: readonly string[] = ["unzip", "7z", "bsdtar", "bsdtar (pipe)"];
const modeRestorers: readonly string[] = ["unzip", "7z", "bsdtar"];

/** Text and pictures, as in a folder of documents; sizes below and above the limit for reading whole. */
const mixed: Readonly<Record<string, MemoryObject>> = {
  "README.txt": { bytes: prose(40_000) },
  "letters/Brief an Zoë.txt": { bytes: prose(300_000, 2) },
  "letters/日本語.txt": { bytes: prose(2 * MiB, 3), modified: new Date("2050-01-01T00:00:00Z") },
  "photos/small.jpg": { bytes: jpegLike(200_000) },
  "photos/LARGE.JPEG": { bytes: jpegLike(3 * MiB, 2) },
  "photos/of no extension": { bytes: jpegLike(100_000, 3), contentType: "image/jpeg" },
  "photos/known.jpg": { bytes: jpegLike(2 * MiB, 4), crc32: crc32(jpegLike(2 * MiB, 4)) },
  "no text.bin": { bytes: incompressible(1_500_000, 5) },
  "empty.txt": { bytes: Buffer.alloc(0) },
  "empty.jpg": { bytes: Buffer.alloc(0) },
  "empty folder/": { bytes: Buffer.alloc(0) },
  "one byte": { bytes: Buffer.from("x") },
};

let folder: string;
beforeAll(async () => {
  folder = await makeFolder();
});
afterAll(() => removeFolder(folder));

async function deflated(objects: Readonly<Record<string, MemoryObject>>): Promise<Buffer> {
  const source = createMemorySource();
  for (const [key, object] of Object.entries(objects)) source.put(key, { modified, ...object });
  const entries = Object.keys(objects).map((key) => ({ key }));
  const plan = await planArchive({ entries, compression: "deflate" }, source);
  return collect(streamZip(plan, source));
}

/** Lists every file and folder below `root`, with a digest of its content. */
async function contents(root: string): Promise<Record<string, string>> {
  const found: Record<string, string> = {};
  for (const item of await readdir(root, { recursive: true, withFileTypes: true })) {
    const path = join(item.parentPath, item.name);
    if (item.isFile()) found[relative(root, path)] = sha256(await readFile(path));
    else if ((await readdir(path)).length === 0)
      found[`${relative(root, path)}/`] = sha256(Buffer.alloc(0));
  }
  return found;
}

describe("text and pictures, compressed", () => {
  let archive: string;
  beforeAll(async () => {
    archive = join(folder, "mixed.zip");
    await writeFile(archive, await deflated(mixed));
  });

  for (const reader of readers) {
    describeWithTools(reader.name, reader.needs, () => {
      test("extracts to the contents of the source", async () => {
        await reader.test(archive);
        const target = await mkdtemp(join(folder, "out-"));
        await reader.extract(archive, target);
        const expected = Object.entries(mixed).map(([name, { bytes }]) => [name, sha256(bytes)]);
        expect(await contents(target)).toEqual(Object.fromEntries(expected));
        const { mtime, mode } = await stat(join(target, "README.txt"));
        if (timeRestorers.includes(reader.name)) expect(mtime).toEqual(modified);
        if (modeRestorers.includes(reader.name)) expect(mode & 0o777).toBe(0o644);
      });
    });
  }

  test("data that is compressed already is not changed", async () => {
    const methods = new Map<string, { method: number; saved: number }>();
    for (const header of centralHeaders(await readFile(archive))) methods.set(header.name, header);
    expect(methods.get("README.txt")).toMatchObject({ method: 8, saved: expect.closeTo(0.6, 0) });
    for (const name of [
      "photos/small.jpg",
      "photos/of no extension",
      "empty.jpg",
      "empty folder/",
    ]) {
      expect(methods.get(name), name).toMatchObject({ method: 0, saved: 0 });
    }
    // Their headers cannot state the CRC-32, and no streaming reader accepts stored data without it.
    for (const name of ["photos/LARGE.JPEG", "photos/known.jpg"]) {
      const saved = methods.get(name)?.saved ?? 1;
      expect(saved, name).toBeLessThan(0);
      expect(saved, name).toBeGreaterThan(-0.001);
    }
  });

  test("decides by the extension, or else by the type that the store states", async () => {
    const zeros = Buffer.alloc(2 * MiB);
    const bytes = await deflated({
      "a.JPG": { bytes: zeros },
      "a.bin": { bytes: zeros, contentType: "Video/MP4; codecs=x" },
      "a.jpg.txt": { bytes: zeros },
    });
    const [byName, byType, neither] = centralHeaders(bytes);
    expect(byName?.saved).toBeLessThan(0);
    expect(byType?.saved).toBeLessThan(0);
    expect(neither?.saved).toBeGreaterThan(0.9);
  });

  test("flags each name as UTF-8 and states the time as the writer of stored archives does", async () => {
    const stored = createMemorySource();
    for (const [key, object] of Object.entries(mixed)) stored.put(key, { modified, ...object });
    const entries = Object.keys(mixed).map((key) => ({ key }));
    const plan = await planArchive({ entries }, stored);
    const ours = centralHeaders(await collect(streamZip(plan, stored)));
    const theirs = centralHeaders(await readFile(archive));
    const shared = ({ name, time, extra, attributes, isUtf8 }: Header) => ({
      ...{ name, time, extra, isUtf8 },
      mode: attributes >>> 16,
    });
    expect(theirs.map(shared)).toEqual(ours.map(shared));
    expect(theirs.every(({ isUtf8 }) => isUtf8)).toBe(true);
  });
});

interface Header {
  readonly name: string;
  readonly method: number;
  readonly isUtf8: boolean;
  readonly time: number;
  readonly extra: string;
  readonly attributes: number;
  /** The fraction of the size that is saved. */
  readonly saved: number;
}

/** Reads the fields of APPNOTE 4.3.12 from an archive without ZIP64. */
function centralHeaders(zip: Buffer): Header[] {
  const end = zip.length - 22;
  const headers: Header[] = [];
  for (let at = zip.readUInt32LE(end + 16); at < end; ) {
    const [nameLength, extraLength] = [zip.readUInt16LE(at + 28), zip.readUInt16LE(at + 30)];
    const extraAt = at + 46 + nameLength;
    const size = zip.readUInt32LE(at + 24);
    headers.push({
      name: zip.toString("utf8", at + 46, extraAt),
      method: zip.readUInt16LE(at + 10),
      isUtf8: (zip.readUInt16LE(at + 8) & (1 << 11)) !== 0,
      time: zip.readUInt32LE(at + 12),
      extra: zip.toString("hex", extraAt, extraAt + extraLength),
      attributes: zip.readUInt32LE(at + 38),
      saved: (size - zip.readUInt32LE(at + 20)) / Math.max(1, size),
    });
    at = extraAt + extraLength;
  }
  expect(headers).toHaveLength(zip.readUInt16LE(end + 10));
  return headers;
}

describeWithTools("beside what zip -6 makes", ["zip"], () => {
  const texts = Object.fromEntries(Object.entries(mixed).filter(([name]) => name.endsWith(".txt")));
  const documents = async () => {
    const names = [
      "README.md",
      "docs/DECISIONS.md",
      "core/planning/names.ts",
      "package-lock.json",
      "LICENSE",
    ];
    const paths = names.map(
      async (name): Promise<[string, MemoryObject]> => [
        name,
        { bytes: await readFile(join(import.meta.dirname, "../../..", name)) },
      ],
    );
    return Object.fromEntries(await Promise.all(paths));
  };
  test.for([
    { name: "text and pictures", objects: async () => ({ ...mixed, ...(await documents()) }) },
    { name: "text alone", objects: async () => texts },
    { name: "documents and code", objects: documents },
  ])("$name: at most 2% larger", async ({ name, objects }) => {
    const root = await mkdtemp(join(folder, "in-"));
    const all = await objects();
    for (const [path, { bytes }] of Object.entries(all)) {
      await mkdir(path.endsWith("/") ? join(root, path) : dirname(join(root, path)), {
        recursive: true,
      });
      if (path.endsWith("/")) continue;
      await writeFile(join(root, path), bytes);
      await utimes(join(root, path), modified, modified);
    }
    const reference = `${root}.zip`;
    // Without the extra fields and folder entries of `zip`, which would only make its archive larger.
    await runTool({
      program: "zip",
      args: ["-6", "-q", "-X", "-D", "-r", reference, "."],
      cwd: root,
    });
    const ours = (await deflated(all)).length;
    const theirs = (await stat(reference)).size;
    console.log(
      `${name}: ${ours} bytes, zip -6 ${theirs}: ${((ours / theirs - 1) * 100).toFixed(2)}%`,
    );
    expect(ours).toBeLessThanOrEqual(theirs * 1.02);
  });
});

describeWithTools("any names and sizes", ["python3"], () => {
  const python = readers.find(({ name }) => name === "python zipfile");
  const kinds = [prose, incompressible, (length: number) => Buffer.alloc(length)] as const;
  const file = fc.record({
    name: fc.oneof(
      fc.string({ unit: "grapheme", minLength: 1, maxLength: 30 }),
      fc.constantFrom("C:x", "a\\b", "../x", "/x", "a/../b", "x.jpg", "X.JPG", "ä/ö.txt", "~/$1"),
    ),
    size: fc.oneof(
      fc.integer({ min: 0, max: 200 }),
      fc.integer({ min: 0, max: 200_000 }),
      fc.constantFrom(16_383, 16_384, 65_535, 65_536, MiB, MiB + 1),
    ),
    kind: fc.constantFrom(...kinds),
  });

  test("are extracted unchanged", async () => {
    let run = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(file, { minLength: 1, maxLength: 8 }),
        fc.constantFrom(0, 1000, MiB),
        async (files, smallEntryBytes) => {
          const source = createMemorySource();
          const entries = files.map(({ name, size, kind }, i) => {
            source.put(String(i), { bytes: kind(size), modified });
            return { key: String(i), name };
          });
          const format = { ...defaultZipFormat, smallEntryBytes };
          const plan = await planArchive({ entries, compression: "deflate" }, source, { format });
          const path = join(folder, `any-${run++}.zip`);
          await writeFile(path, await collect(streamZip(plan, source)));
          const expected = files.map(({ size, kind }, i) => ({
            name: plan.entries[i]?.name,
            size,
            crc32: crc32(kind(size)),
          }));
          expect(await python?.digest?.(path)).toEqual(expected);
        },
      ),
      { numRuns: 40 },
    );
  });
});
