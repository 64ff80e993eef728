import { crc32 } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { BlobInfo, BlobSource } from "../../../core/blob-source.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { defaultZipFormat } from "../../../core/zip/format.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import type { Plan } from "../../../core/zip/plan.ts";
import { MODIFIED, utf8 } from "../../support/archive-cases.ts";
import { archiveFile, quickFolder } from "../../support/archive-files.ts";
import { readers } from "../../support/readers.ts";
import { removeFolder } from "../../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../../support/tools.ts";
import {
  casesAround,
  centralLength,
  type LimitCase,
  localLength,
} from "../../support/zip64-cases.ts";

// Two readers at a time: the smallest machine that runs this has two cores.
vi.setConfig({ maxConcurrency: 2, testTimeout: 300_000, hookTimeout: 300_000 });
const options = { timeoutMs: 280_000 };

let folder: string;

beforeAll(async () => {
  folder = await quickFolder(2 ** 30);
});
afterAll(() => removeFolder(folder));

/** The last bytes of every object below; all bytes before them are zeros. */
const END = utf8("the end of it");
const zeros = new Uint8Array(1 << 20);

/** Objects of any size that take no memory: all of their chunks are views of one buffer. */
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

/** The CRC-32 of the zeros, nearly 4 GiB, that all big objects below begin with. */
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

/** Returns the size of the object whose framed form has `length` bytes. */
const unframed = (length: number): number => length - 5 * Math.ceil(length / (5 + 65_535));

interface BigArchive extends Pick<LimitCase, "name" | "entries"> {
  /** An entry that UnZip cannot find because of its own defect. */
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
    // UnZip 6.0 takes a true size of exactly this value, read from a ZIP64 field, for the sentinel when
    // it reads the next ZIP64 field, and so misreads that field, in any writer's archive.
    lostOnUnzip: "last.txt",
  },
];

describe.concurrent("at the real limits of 4 GiB", () => {
  for (const reader of readers) {
    describeWithTools(reader.name, reader.needs, () => {
      test.for(bigArchives)("$name", async ({ name, entries, lostOnUnzip }) => {
        const plan = endlessPlan(entries);
        const path = await archiveFile(folder, name, async () => ({ plan, source: endlessSource }));
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

/** Returns an archive's length, computed from its parts by APPNOTE and from the parts that are ZIP64. */
function expectedLength({ entries, anatomy }: LimitCase): number {
  const extra = (values: number) => (values === 0 ? 0 : 4 + 8 * values);
  let length = extra(anatomy.local) + anatomy.descriptor + extra(anatomy.central);
  for (const { name, size, crcKnown } of entries) {
    length += localLength(name) + size + centralLength(name);
    if (!crcKnown) length += 5 * Math.ceil(size / 65_535);
  }
  return length + (anatomy.end ? 56 + 20 : 0) + 22;
}
