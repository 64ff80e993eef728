import { type ArchiveCase, type Exception, empty, utf8 } from "./archive-cases.ts";
import { patterned } from "./bytes.ts";
import { runTool } from "./tools.ts";

/** Which records of an archive, for its first or its last entry, use ZIP64. */
export interface Zip64Anatomy {
  /**
   * Number of values in the ZIP64 extra field of the first entry's local header, which holds both
   * sizes.
   */
  readonly local: 0 | 2;
  /** Length of the first entry's data descriptor. */
  readonly descriptor: 0 | 16 | 24;
  /** Number of values in the ZIP64 extra field of the last entry's central header. */
  readonly central: 0 | 1 | 2;
  /** Whether there is a ZIP64 end of central directory record. */
  readonly end: boolean;
}

export interface LimitCase {
  readonly name: string;
  readonly entries: readonly {
    readonly name: string;
    readonly size: number;
    readonly crcKnown: boolean;
  }[];
  readonly anatomy: Zip64Anatomy;
}

/**
 * Returns cases with each 32-bit quantity of an archive one below `limit`, at it, and one above it.
 */
export function casesAround(limit: number): LimitCase[] {
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
        // Its header alone moves the central directory's offset beyond the limit.
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

/**
 * Returns the length without ZIP64: fixed fields, name and extended timestamp (APPNOTE 4.3.7,
 * 4.3.12).
 */
export const localLength = (name: string): number => 30 + name.length + 9;
export const centralLength = (name: string): number => 46 + name.length + 9;

/** Lowered limits, so that small archives cross them. */
const SMALL_MAX_32 = 200_000;
const SMALL_MAX_16 = 10;

export interface Zip64Case extends ArchiveCase {
  readonly anatomy: Zip64Anatomy;
}

/**
 * Before JDK 23, ZipInputStream reads a descriptor as wide if it counted more than 4 GiB, whatever
 * the local header says. The two agree at the real limits, and only there (JDK-8303866).
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

export const zip64Cases: readonly Zip64Case[] = [
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
  // Empty files with long names, so that the central directory is larger than its offset.
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

/**
 * 256 files per folder, one in 16 of them with content, so that they fit a small file system in
 * memory.
 */
export const countCases: readonly Zip64Case[] = [65_534, 65_535, 65_536].map((count) => ({
  name: `${count} entries`,
  entries: () =>
    Array.from({ length: count }, (_, i) => ({
      name: `folder ${i >> 8}/${i}`,
      bytes: i % 16 === 0 ? utf8(String(i)) : empty,
    })),
  anatomy: { local: 0, descriptor: 0, central: 0, end: count >= 0xffff },
}));
