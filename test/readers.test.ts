import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp, open, statfs } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { createMemorySource } from "../adapters/memory.ts";
import type { BlobInfo, BlobSource } from "../core/blob-source.ts";
import type { Plan } from "../core/plan.ts";
import { streamZip } from "../core/stream-zip.ts";
import { defaultZipFormat, type ZipFormat } from "../core/zip/format.ts";
import { layoutZip } from "../core/zip/layout.ts";
import { collect, patterned, sha256 } from "./support/bytes.ts";
import { type DigestedEntry, readers, type ZipReader } from "./support/readers.ts";
import { removeFolder } from "./support/temporary-folder.ts";
import { describeWithTools, runTool } from "./support/tools.ts";

// Readers are started in a zone of their own, 5:30 h east of UTC: what they take from the MS-DOS time,
// which has no zone, then differs from what they take from the extended timestamp, which is UTC.
// And nothing is masked from the modes they set: a mode that they make up is then another one.
vi.hoisted(() => {
  process.env.TZ = "UTC-5:30";
  process.umask(0);
});
const ZONE_SECONDS = 5.5 * 3600;

// Two readers at a time, as many as the smallest machine that runs this has cores.
vi.setConfig({ maxConcurrency: 2, testTimeout: 300_000, hookTimeout: 300_000 });
const options = { timeoutMs: 280_000 };

/** Readers that set an extracted file's modification time; the others leave it at now. */
const timeRestorers: readonly string[] = ["unzip", "7z", "bsdtar", "bsdtar (pipe)"];
/** Readers that set its mode; it stands in the central directory alone, where a pipe ends for them. */
const modeRestorers: readonly string[] = ["unzip", "7z", "bsdtar"];

const MODIFIED = new Date("2024-05-06T07:08:09.500Z");

interface Entry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly modified?: Date;
  /** Whether the store states its CRC-32. Unless it does, `smallEntryBytes` decides the framing. */
  readonly crcKnown?: boolean;
}

interface ArchiveCase {
  readonly name: string;
  readonly entries: () => readonly Entry[];
  readonly format?: Partial<ZipFormat>;
  readonly exception?: Exception;
}

/** A reader that fails by its own nature, and what it says then; while it holds, it is asserted. */
interface Exception {
  readonly reader: string;
  readonly says: RegExp;
  holds(): Promise<boolean>;
}

/** The three ways an entry's data and CRC-32 can stand in an archive, each for any size. */
const framings = {
  "of known CRC": { crcKnown: true, format: {} },
  "of unknown CRC, read whole": { crcKnown: false, format: { smallEntryBytes: 4 << 20 } },
  "of unknown CRC, framed as blocks": { crcKnown: false, format: { smallEntryBytes: 0 } },
} as const;

const names = [
  "résumé.txt",
  "naïve/😀 family 👩‍👩‍👧.txt",
  "مرحبا/نص עברית.txt",
  "日本語/テキスト.txt",
  "한국어.txt",
  "mathematical 𝒳.txt",
  "-dash",
  "@at",
  "~tilde",
  "$HOME/100%/[a-z]/{b}/it's, #1 & more!.txt",
  "deep/er/and/deep/er/still/file",
  "folder/",
  "folder/inside/",
  "folder/inside/file.txt",
  "empty folder/",
];

const times = [
  "2024-02-29T12:34:57Z",
  "1980-01-01T00:00:00Z",
  "1979-12-31T23:59:59Z",
  "1970-01-01T00:00:00Z",
  "1969-12-31T23:59:59Z",
  "1901-12-13T20:45:52Z",
  "2038-01-19T03:14:07Z",
  "2038-01-19T03:14:08Z",
  "2107-12-31T23:59:59Z",
];

/** Around the 65,535 bytes of a block, and around the size that is read whole by default. */
const sizes = [0, 1, 65_534, 65_535, 65_536, 131_070, 131_071, 2 ** 20 - 1, 2 ** 20, 2 ** 20 + 1];

const plainCases: readonly ArchiveCase[] = [
  { name: "no entries", entries: () => [] },
  { name: "an empty file", entries: () => [{ name: "empty.txt", bytes: Buffer.alloc(0) }] },
  { name: "a small file", entries: () => [{ name: "a.txt", bytes: Buffer.from("some text") }] },
  {
    name: "names and folders",
    entries: () => names.map((name) => ({ name, bytes: name.endsWith("/") ? empty : utf8(name) })),
  },
  {
    name: "times",
    entries: () =>
      times.map((time, i) => ({ name: `${i}.txt`, bytes: utf8(time), modified: new Date(time) })),
  },
  ...Object.entries(framings).map(([name, { crcKnown, format }]) => ({
    name: `sizes around blocks, and a ZIP, ${name}`,
    format,
    entries: () => [
      { name: "inner.zip", bytes: innerZip, crcKnown },
      ...sizes.map((size) => ({ name: `${size}.bin`, bytes: patterned(size), crcKnown })),
      { name: "again/inner.zip", bytes: innerZip, crcKnown },
    ],
  })),
];

/** 256 files to a folder; one of 16 has content, so that they fit a small file system in memory. */
const countCases: readonly Zip64Case[] = [65_534, 65_535, 65_536].map((count) => ({
  name: `${count} entries`,
  entries: () =>
    Array.from({ length: count }, (_, i) => ({
      name: `folder ${i >> 8}/${i}`,
      bytes: i % 16 === 0 ? utf8(String(i)) : empty,
    })),
  anatomy: { local: 0, descriptor: 0, central: 0, end: count >= 0xffff },
}));

/** Which records of an archive, for its first or its last entry, have their ZIP64 form. */
interface Zip64Anatomy {
  /** Values in the ZIP64 extra field of the first entry's local header, which holds both sizes. */
  readonly local: 0 | 2;
  /** Length of the first entry's data descriptor. */
  readonly descriptor: 0 | 16 | 24;
  /** Values in the ZIP64 extra field of the last entry's central header. */
  readonly central: 0 | 1 | 2;
  /** Whether there is a ZIP64 end of central directory record. */
  readonly end: boolean;
}

interface LimitCase {
  readonly name: string;
  readonly entries: readonly {
    readonly name: string;
    readonly size: number;
    readonly crcKnown: boolean;
  }[];
  readonly anatomy: Zip64Anatomy;
}

/** Each 32-bit quantity of an archive one below `limit`, at it and one beyond it. */
function casesAround(limit: number): LimitCase[] {
  return [-1, 0, 1].flatMap((d): LimitCase[] => {
    const value = limit + d;
    const reached = d >= 0;
    const at = d === 0 ? "at the limit" : `at the limit ${d > 0 ? "+" : "-"} 1`;
    const first = (size: number, crcKnown: boolean) => ({ name: "first.bin", size, crcKnown });
    const last = { name: "last.txt", size: 100, crcKnown: true };
    const framing = 5 * Math.ceil(value / (5 + 65_535));
    const before = localLength("first.bin");
    return [
      {
        name: `a stored entry's size ${at}`,
        entries: [first(value, true)],
        // Its header alone takes the central directory's offset beyond the limit.
        anatomy: { local: reached ? 2 : 0, descriptor: 0, central: reached ? 2 : 0, end: true },
      },
      {
        name: `a framed entry's compressed size ${at}`,
        entries: [first(value - framing, false)],
        anatomy: {
          local: d > 0 ? 2 : 0,
          descriptor: d > 0 ? 24 : 16, // 4.3.9.2: 8-byte sizes once one *exceeds* the limit
          central: reached ? 1 : 0,
          end: true,
        },
      },
      {
        name: `a framed entry's uncompressed size ${at}`,
        entries: [first(value, false)],
        anatomy: { local: 2, descriptor: 24, central: reached ? 2 : 1, end: true },
      },
      {
        name: `a local header's offset ${at}`,
        entries: [first(value - before, true), last],
        anatomy: { local: 0, descriptor: 0, central: reached ? 1 : 0, end: true },
      },
      {
        name: `the central directory's offset ${at}`,
        entries: [first(value - before - localLength(last.name) - last.size, true), last],
        anatomy: { local: 0, descriptor: 0, central: 0, end: reached },
      },
    ];
  });
}

/** Without ZIP64: fixed fields, the name, and the extended timestamp (APPNOTE 4.3.7, 4.3.12). */
const localLength = (name: string): number => 30 + name.length + 9;
const centralLength = (name: string): number => 46 + name.length + 9;

/** The limits brought down, so that small archives cross them. */
const SMALL_MAX_32 = 200_000;
const SMALL_MAX_16 = 10;

interface Zip64Case extends ArchiveCase {
  readonly anatomy: Zip64Anatomy;
}

/**
 * Before JDK 23, ZipInputStream takes a descriptor for wide if it counted more than 4 GiB, whatever
 * the local header says: the same thing at the real limits, and only there (JDK-8303866).
 */
const countsBytes: Exception = {
  reader: "java ZipInputStream",
  says: /ZipException: invalid entry size \(expected 0 but got/,
  async holds() {
    const { stdout } = await runTool({ program: "java", args: ["--version"] });
    return Number(/^\S+ ([0-9]+)/.exec(stdout)?.[1]) < 23;
  },
};

const smallFormat = { max32: SMALL_MAX_32, max16: SMALL_MAX_16, smallEntryBytes: 1_000 };
const plainAnatomy = { local: 0, descriptor: 0, central: 0 } as const;

const zip64Cases: readonly Zip64Case[] = [
  ...casesAround(SMALL_MAX_32).map(
    ({ name, entries, anatomy }): Zip64Case => ({
      name: `ZIP64: ${name}`,
      format: smallFormat,
      entries: () => entries.map((entry) => ({ ...entry, bytes: patterned(entry.size) })),
      anatomy,
      ...(anatomy.descriptor === 24 ? { exception: countsBytes } : {}),
    }),
  ),
  ...[-1, 0, 1].map(
    (d): Zip64Case => ({
      name: `ZIP64: ${SMALL_MAX_16 + d} entries of at most ${SMALL_MAX_16 - 1}`,
      format: smallFormat,
      entries: () =>
        Array.from({ length: SMALL_MAX_16 + d }, (_, i) => ({ name: `${i}`, bytes: empty })),
      anatomy: { ...plainAnatomy, end: d >= 0 },
    }),
  ),
  // Empty files under long names, so that the central directory is larger than its offset.
  ...[-1, 0, 1].map(
    (d): Zip64Case => ({
      name: `ZIP64: a central directory of ${d} bytes more than the limit`,
      format: { ...smallFormat, max32: 5 * centralLength("0".repeat(200)) - d },
      entries: () =>
        Array.from({ length: 5 }, (_, i) => ({ name: `${i}`.repeat(200), bytes: empty })),
      anatomy: { ...plainAnatomy, end: d >= 0 },
    }),
  ),
];

const empty = Buffer.alloc(0);
const utf8 = (text: string): Buffer => Buffer.from(text);

let innerZip: Buffer;
let folder: string;

beforeAll(async () => {
  folder = await quickFolder(2 ** 31);
  const inner = await toPlan({
    name: "inner",
    entries: () => [
      { name: "inner/a.txt", bytes: utf8("inside") },
      { name: "inner/b.bin", bytes: patterned(100_000) },
    ],
    format: { smallEntryBytes: 1_000 },
  });
  innerZip = await collect(streamZip(inner.plan, inner.source));
});
afterAll(() => removeFolder(folder));

/**
 * A new folder in memory, if that has so many bytes free: there 65,536 files take a second and not
 * half a minute, and the holes of a sparse file are read without filling a cache.
 */
async function quickFolder(bytes: number): Promise<string> {
  const memory = "/dev/shm";
  const free = await statfs(memory).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => 0,
  );
  return mkdtemp(join(free >= bytes ? memory : tmpdir(), "ziplink-test-"));
}

async function toPlan(archive: ArchiveCase): Promise<{ plan: Plan; source: BlobSource }> {
  const source = createMemorySource();
  const entries = archive.entries();
  for (const { name, bytes, modified = MODIFIED, crcKnown } of entries) {
    source.put(name, { bytes, modified, ...(crcKnown ? { crc32: crc32(bytes) } : {}) });
  }
  const planned = entries.map(async ({ name }) => ({ name, blob: await source.stat(name) }));
  const format = { ...defaultZipFormat, ...archive.format };
  return { plan: { entries: await Promise.all(planned), format }, source };
}

const PAGE = 4096;
const hole = Buffer.alloc(PAGE);

/** Writes the archive to a new file, its pages of zeros as holes, and holds it to its length. */
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

/** The archive of that name in a file; made by the first reader that asks for it. */
function archiveFile(
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

/**
 * Where what was extracted to `target` is not what the archive holds, a line each: every file and
 * folder, nothing else, the bytes, and the time and the mode where the reader restores them.
 */
function differences(target: string, entries: readonly Entry[], reader: ZipReader): string[] {
  const found = new Map<string, string>();
  for (const item of readdirSync(target, { recursive: true, withFileTypes: true })) {
    const path = join(item.parentPath, item.name);
    found.set(relative(target, path) + (item.isDirectory() ? "/" : ""), path);
  }
  const lines: string[] = [];
  const implied = new Set<string>();
  for (const { name, bytes, modified = MODIFIED } of entries) {
    for (let slash = name.indexOf("/"); slash >= 0; slash = name.indexOf("/", slash + 1)) {
      implied.add(name.slice(0, slash + 1));
    }
    const path = found.get(name);
    if (path === undefined) {
      lines.push(`${name} is missing`);
      continue;
    }
    const stats = lstatSync(path);
    if (!name.endsWith("/") && !stats.isFile()) lines.push(`${name} is no file`);
    else if (!name.endsWith("/") && !holds(path, stats.size, bytes)) {
      lines.push(`${name} has other bytes`);
    }
    const mode = name.endsWith("/") ? 0o755 : 0o644;
    if (modeRestorers.includes(reader.name) && (stats.mode & 0o7777) !== mode) {
      lines.push(`${name} has mode ${stats.mode.toString(8)}`);
    }
    const seconds = Math.floor(stats.mtimeMs / 1000);
    if (timeRestorers.includes(reader.name) && seconds !== restoredSeconds(modified, reader)) {
      lines.push(`${name} of ${modified.toISOString()} has ${stats.mtime.toISOString()}`);
    }
  }
  const named = new Set(entries.map(({ name }) => name));
  for (const name of found.keys()) {
    if (!named.has(name) && !implied.has(name)) lines.push(`${name} is not in the archive`);
  }
  return lines;
}

function holds(path: string, size: number, bytes: Uint8Array): boolean {
  if (size !== bytes.length) return false;
  return size === 0 || sha256(readFileSync(path)) === sha256(bytes);
}

/** What an extracted file's time is, in seconds since 1970. */
function restoredSeconds(modified: Date, reader: ZipReader): number {
  const seconds = Math.floor(modified.getTime() / 1000);
  if (seconds >= 0 && seconds <= 0x7fffffff) return seconds;
  // Beyond the extended timestamp there is the MS-DOS time: from 1980 on, even seconds, local ones.
  const dos = Math.max(seconds - (seconds % 2), Date.UTC(1980, 0, 1) / 1000) - ZONE_SECONDS;
  // UnZip 6.0 gives the year 2100 a 29th of February.
  const isLate = modified >= new Date("2100-02-29T00:00:00Z");
  return reader.name === "unzip" && isLate ? dos + 24 * 3600 : dos;
}

describe.concurrent("extracts to what the source holds", () => {
  for (const reader of readers) {
    describeWithTools(reader.name, reader.needs, () => {
      test.for([...plainCases, ...zip64Cases])("$name", async (archive) => {
        const { name, entries, exception } = archive;
        const path = await archiveFile(name, () => toPlan(archive));
        const target = await mkdtemp(join(folder, "out-"));
        if (exception?.reader === reader.name && (await exception.holds())) {
          await expect(reader.extract(path, target, options)).rejects.toThrow(exception.says);
        } else {
          await reader.extract(path, target, options);
          expect(differences(target, entries(), reader)).toEqual([]);
        }
      });

      test.for(countCases)("$name", async (archive) => {
        const path = await archiveFile(archive.name, () => toPlan(archive));
        const entries = archive.entries();
        if (reader.digest) {
          const digests = await reader.digest(path, options);
          expect(digests.map(toLine)).toEqual(
            entries.map(({ name, bytes }) =>
              toLine({ name, size: bytes.length, crc32: crc32(bytes) }),
            ),
          );
          return;
        }
        const target = await quickFolder(2 ** 25);
        try {
          await reader.extract(path, target, options);
          expect(differences(target, entries, reader)).toEqual([]);
        } finally {
          await removeFolder(target);
        }
      });
    });
  }
});

const toLine = ({ name, size, crc32 }: DigestedEntry): string => `${size} ${crc32} ${name}`;

describe("ZIP64 records stand where a limit is reached, and nowhere else", () => {
  test.for([...zip64Cases, ...countCases])("$name", async (archive) => {
    const { plan, source } = await toPlan(archive);
    const bytes = await collect(streamZip(plan, source));
    expect(anatomy(bytes)).toEqual(archive.anatomy);
  });
});

/** Reads no more than it needs, at the offsets of APPNOTE 4.3.7 to 4.3.16. */
function anatomy(zip: Buffer): Zip64Anatomy {
  const endRecord = zip.length - 22;
  const end = zip.readUInt32LE(endRecord - 20) === 0x07064b50;
  const directory = end
    ? Number(zip.readBigUInt64LE(endRecord - 20 - 56 + 48))
    : zip.readUInt32LE(endRecord + 16);
  let last = directory;
  for (let next = last; zip.readUInt32LE(next) === 0x02014b50; ) {
    last = next;
    next += 46 + zip.readUInt16LE(last + 28) + zip.readUInt16LE(last + 30);
  }
  const signed = (length: number) => zip.readUInt32LE(directory - length) === 0x08074b50;
  return {
    local: zip64Values(zip, 30 + zip.readUInt16LE(26)) as 0 | 2,
    descriptor: signed(24) ? 24 : signed(16) ? 16 : 0,
    central: zip64Values(zip, last + 46 + zip.readUInt16LE(last + 28)) as 0 | 1 | 2,
    end,
  };
}

/** How many values the ZIP64 extra field at `offset` has; none if another extra field is there. */
function zip64Values(zip: Buffer, offset: number): number {
  return zip.readUInt16LE(offset) === 0x0001 ? zip.readUInt16LE(offset + 2) / 8 : 0;
}

/** The last bytes of every object below; what comes before them are zeros. */
const END = utf8("the end of it");
const zeros = new Uint8Array(1 << 20);

/** Objects of any size that nothing holds: all of their chunks are views of one buffer. */
const endlessSource: BlobSource = {
  stat: () => Promise.reject(new Error("not asked for")),
  list: () => {
    throw new Error("not asked for");
  },
  async open({ size }, { start, end }) {
    return zerosAndEnd(size, start, end);
  },
};

async function* zerosAndEnd(size: number, start: number, end: number) {
  const zerosEnd = Math.min(end, size - END.length);
  for (let at = start; at < zerosEnd; at += zeros.length) {
    yield zeros.subarray(0, zerosEnd - at);
  }
  if (end > zerosEnd) yield END.subarray(Math.max(0, start - zerosEnd), end - zerosEnd);
}

const REAL_LIMIT = 0xffffffff;

/** The CRC-32 of so many zeros, nearly 4 GiB, that the big objects below all begin with. */
let commonCrc32: number | undefined;
const COMMON = REAL_LIMIT - 1_000_000;

function endlessCrc32(size: number): number {
  if (size > COMMON) commonCrc32 ??= zerosCrc32(COMMON);
  const common = size > COMMON ? COMMON : 0;
  const crc = zerosCrc32(size - END.length - common, common > 0 ? commonCrc32 : 0);
  return crc32(END, crc);
}

function zerosCrc32(length: number, previous = 0): number {
  let crc = previous;
  for (let at = 0; at < length; at += zeros.length) {
    crc = crc32(zeros.subarray(0, length - at), crc);
  }
  return crc;
}

function endlessPlan(entries: LimitCase["entries"]): Plan {
  return {
    entries: entries.map(({ name, size, crcKnown }) => {
      const info: BlobInfo = { key: name, size, version: "1", modified: MODIFIED };
      return { name, blob: crcKnown ? { ...info, crc32: endlessCrc32(size) } : info };
    }),
    format: defaultZipFormat,
  };
}

/** The size of the object whose framed form is of `length` bytes. */
const unframed = (length: number): number => length - 5 * Math.ceil(length / (5 + 65_535));

interface BigArchive extends Pick<LimitCase, "name" | "entries"> {
  /** An entry that UnZip cannot find, by a defect of its own. */
  readonly lostOnUnzip?: string;
}

const bigArchives: readonly BigArchive[] = [
  {
    name: "a framed entry of 4 GiB, and more entries behind it",
    entries: [
      { name: "framed.bin", size: REAL_LIMIT + 1, crcKnown: false },
      { name: "stored.txt", size: 1_000, crcKnown: true },
      { name: "framed, too.bin", size: 2_000_000, crcKnown: false },
    ],
  },
  {
    name: "a stored entry of exactly the limit",
    entries: [
      { name: "stored.txt", size: 1_000, crcKnown: true },
      { name: "stored.bin", size: REAL_LIMIT, crcKnown: true },
    ],
  },
  {
    name: "framed entries of exactly the limit, compressed and not, and one behind them",
    entries: [
      { name: "compressed.bin", size: unframed(REAL_LIMIT), crcKnown: false },
      { name: "uncompressed.bin", size: REAL_LIMIT, crcKnown: false },
      { name: "last.txt", size: 100, crcKnown: true },
    ],
    // UnZip 6.0 takes a true size of just this value, read from a ZIP64 field, for the sentinel when
    // it reads the next ZIP64 field, and so misreads that one, whoever wrote the archive.
    lostOnUnzip: "last.txt",
  },
];

describe.concurrent("at the real limits of 4 GiB", () => {
  for (const reader of readers) {
    describeWithTools(reader.name, reader.needs, () => {
      test.for(bigArchives)("$name", async ({ name, entries, lostOnUnzip }) => {
        const plan = endlessPlan(entries);
        const path = await archiveFile(name, async () => ({ plan, source: endlessSource }));
        if (reader.name === "unzip" && lostOnUnzip) {
          const unzip = runTool({ program: "unzip", args: ["-tq", path, lostOnUnzip] }, options);
          await expect(unzip).rejects.toThrow(/bad zipfile offset/);
        } else if (reader.digest) {
          const digests = await reader.digest(path, options);
          expect(digests).toEqual(
            entries.map(({ name, size }) => ({ name, size, crc32: endlessCrc32(size) })),
          );
        } else {
          await reader.test(path, options);
        }
      });
    });
  }

  test.for(casesAround(REAL_LIMIT))("sends as many bytes as planned: $name", async (limitCase) => {
    const plan = endlessPlan(limitCase.entries);
    let received = 0;
    for await (const chunk of streamZip(plan, endlessSource)) received += chunk.length;
    expect(received).toBe(layoutZip(plan).length);
    expect(received).toBe(expectedLength(limitCase));
  });
});

/** The length of an archive by its parts, as APPNOTE has them, and by what of it is ZIP64. */
function expectedLength({ entries, anatomy }: LimitCase): number {
  const extra = (values: number) => (values === 0 ? 0 : 4 + 8 * values);
  let length = extra(anatomy.local) + anatomy.descriptor + extra(anatomy.central);
  for (const { name, size, crcKnown } of entries) {
    length += localLength(name) + size + centralLength(name);
    if (!crcKnown) length += 5 * Math.ceil(size / 65_535);
  }
  return length + (anatomy.end ? 56 + 20 : 0) + 22;
}
