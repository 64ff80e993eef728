import { lstatSync, readdirSync, readFileSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { join, relative } from "node:path";
import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { streamZip } from "../../../core/stream-zip.ts";
import {
  type ArchiveCase,
  type Entry,
  empty,
  MODIFIED,
  toPlan,
  utf8,
} from "../../support/archive-cases.ts";
import { archiveFile, quickFolder } from "../../support/archive-files.ts";
import { collect, patterned, sha256 } from "../../support/bytes.ts";
import { type DigestedEntry, readers, type ZipReader } from "../../support/readers.ts";
import { removeFolder } from "../../support/temporary-folder.ts";
import { describeWithTools } from "../../support/tools.ts";
import { countCases, zip64Cases } from "../../support/zip64-cases.ts";

// Readers run in a time zone 5:30 h east of UTC, so that a time taken from the MS-DOS time, which has no
// zone, differs from one taken from the extended timestamp, which is in UTC.
// The umask is 0, so that a mode from the archive differs from one that the reader makes up.
vi.hoisted(() => {
  process.env.TZ = "UTC-5:30";
  process.umask(0);
});
const ZONE_SECONDS = 5.5 * 3600;

// Two readers at a time: the smallest machine that runs this has two cores.
vi.setConfig({ maxConcurrency: 2, testTimeout: 300_000, hookTimeout: 300_000 });
const options = { timeoutMs: 280_000 };

/** Readers that set an extracted file's modification time; the others leave it at now. */
const timeRestorers: readonly string[] = ["unzip", "7z", "bsdtar", "bsdtar (pipe)"];
/** Readers that set the mode. It is in the central directory only, which streaming readers do not reach. */
const modeRestorers: readonly string[] = ["unzip", "7z", "bsdtar"];

/** The three ways in which an entry's data and CRC-32 can be written, each for any size. */
const framings = {
  "of known CRC": { crcKnown: true, format: {} },
  "of unknown CRC, read whole": { crcKnown: false, format: { smallEntryBytes: 4 << 20 } },
  "of unknown CRC, always in the header": {
    crcKnown: false,
    format: { smallEntryBytes: 0, headerCrc: "always" },
  },
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

/** Sizes around the 65,535 bytes of a block and around the default limit for reading whole. */
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

let innerZip: Buffer;
let folder: string;

beforeAll(async () => {
  folder = await quickFolder(2 ** 30);
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
 * Returns a line for each difference between `target` and the archive's contents: in the files and folders
 * that exist, in their bytes, and in time and mode if the reader restores them.
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

/** Returns the expected time of an extracted file, in seconds since 1970. */
function restoredSeconds(modified: Date, reader: ZipReader): number {
  const seconds = Math.floor(modified.getTime() / 1000);
  if (seconds >= 0 && seconds <= 0x7fffffff) return seconds;
  // Outside the range of the extended timestamp, the MS-DOS time counts: local, from 1980 on, in even seconds.
  const dos = Math.max(seconds - (seconds % 2), Date.UTC(1980, 0, 1) / 1000) - ZONE_SECONDS;
  // UnZip 6.0 considers 2100 a leap year.
  const isLate = modified >= new Date("2100-02-29T00:00:00Z");
  return reader.name === "unzip" && isLate ? dos + 24 * 3600 : dos;
}

describe.concurrent("extracts to the contents of the source", () => {
  for (const reader of readers) {
    describeWithTools(reader.name, reader.needs, () => {
      test.for([...plainCases, ...zip64Cases])("$name", async (archive) => {
        const { name, entries, exception } = archive;
        const path = await archiveFile(folder, name, () => toPlan(archive));
        const target = await mkdtemp(join(folder, "out-"));
        if (exception?.reader === reader.name && (await exception.holds())) {
          await expect(reader.extract(path, target, options)).rejects.toThrow(exception.says);
        } else {
          await reader.extract(path, target, options);
          expect(differences(target, entries(), reader)).toEqual([]);
        }
      });

      test.for(countCases)("$name", async (archive) => {
        const path = await archiveFile(folder, archive.name, () => toPlan(archive));
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
