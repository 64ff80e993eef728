import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { BlobSource } from "../../../core/blob-source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { createCrcKnowledge } from "../../../core/crc/crc-knowledge.ts";
import type { CrcStore, CrcTable } from "../../../core/crc/crc-store.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { planOf } from "../../support/plans.ts";
import { chunked, counting, intercepting } from "../../support/sources.ts";

/** Wraps `source`: while `isWrong()`, the first byte of each read is flipped. */
function flipping(source: BlobSource, isWrong: () => boolean): BlobSource {
  return intercepting(source, async function* (chunks) {
    let isFirst = true;
    for await (const chunk of chunks) {
      if (isFirst && isWrong()) chunk[0] = (chunk[0] ?? 0) ^ 1;
      isFirst = false;
      yield chunk;
    }
  });
}

/** Returns a store that keeps one table in memory. */
function memoryStore(
  table: [number, number][],
): CrcStore & { table: Map<number, number>; saves: number } {
  return {
    table: new Map(table),
    saves: 0,
    async load() {
      return new Map(this.table);
    },
    async save(_: string, saved: CrcTable) {
      this.table = new Map(saved);
      this.saves++;
    },
  };
}

const a = patterned(9_000_000, 1);
const b = patterned(2_000_000, 2);

/** Returns an archive, knowledge that counts contradictions, and a source that can be made to err. */
async function setUp(options: Parameters<typeof createCrcKnowledge>[0] = {}, format = {}) {
  const made = await planOf({ a, b }, format);
  const state = { isWrong: false };
  const contradictions: number[] = [];
  const source = counting(flipping(made.source, () => state.isWrong));
  const right = await collect(streamZip(made.plan, made.source));
  const knowledge = (store = options.store) =>
    createCrcKnowledge({ ...options, store, onContradiction: (n) => contradictions.push(n) });
  const crcs = knowledge();
  const get = (start = 0, end = right.length, shared = crcs) =>
    collect(streamZip(made.plan, source, { start, end, crcs: shared }));
  const expectRight = async (start = 0, end = right.length, shared = crcs) =>
    expect((await get(start, end, shared)).equals(right.subarray(start, end))).toBe(true);
  return { ...made, state, contradictions, source, right, crcs, knowledge, get, expectRight };
}

/** Reads `bytes` of a download, and leaves. */
async function breakOff(
  { plan, source, crcs }: Awaited<ReturnType<typeof setUp>>,
  start: number,
  bytes: number,
): Promise<void> {
  const reader = streamZip(plan, source, { start, crcs }).getReader();
  for (let read = 0; read < bytes; ) read += (await reader.read()).value?.length ?? Infinity;
  await reader.cancel();
}

describe("wrong bytes in a download that breaks off", () => {
  test("do not make a later download fail, whole or in part", async () => {
    const tried = await setUp();
    tried.state.isWrong = true;
    await breakOff(tried, 0, 5_000_000);
    tried.state.isWrong = false;
    await tried.expectRight(4_000_000);
    await tried.expectRight();
    expect(tried.contradictions).toEqual([]);
  });

  test("do not make slices fail that are sent at the same time", async () => {
    const tried = await setUp();
    tried.state.isWrong = true;
    await breakOff(tried, 0, 5_000_000);
    tried.state.isWrong = false;
    const cuts = [0, 3_000_000, 6_000_000, 8_900_000, tried.right.length];
    await Promise.all(cuts.slice(1).map((end, i) => tried.expectRight(cuts[i], end)));
  });

  test("do not spoil entries that it had sent whole, and that need not be read again", async () => {
    const tried = await setUp();
    await breakOff(tried, 0, 9_500_000);
    const before = tried.source.counts.opened.length;
    await tried.expectRight(tried.right.length - 100);
    const again = tried.source.counts.opened.slice(before).map(({ key }) => key);
    expect(again).toEqual(["b"]);
  });
});

describe("wrong bytes in a whole download", () => {
  test("are corrected by the next one, which states the checksum of what it sends", async () => {
    const tried = await setUp();
    tried.state.isWrong = true;
    const wrong = await tried.get();
    expect(wrong.equals(tried.right)).toBe(false);
    tried.state.isWrong = false;
    await tried.expectRight();
    expect(tried.contradictions).toEqual([2]);
    await tried.expectRight(tried.right.length - 100);
    expect(tried.contradictions).toEqual([2]);
  });

  test("are corrected by slices, too", async () => {
    const tried = await setUp();
    tried.state.isWrong = true;
    await tried.get();
    tried.state.isWrong = false;
    await tried.expectRight(0, 4_000_000);
    await tried.expectRight(4_000_000, 9_500_000);
    await tried.expectRight(9_500_000);
    expect(tried.contradictions).toEqual([1, 1]);
    await tried.expectRight(tried.right.length - 100);
  });

  test("of an entry that is small enough to be read whole, too", async () => {
    const tried = await setUp({}, { smallEntryBytes: 10_000_000 });
    tried.state.isWrong = true;
    await tried.get();
    tried.state.isWrong = false;
    await tried.expectRight();
    expect(tried.contradictions).toEqual([2]);
  });
});

describe("a wrong checksum in the store", () => {
  const wrongTable = (): [number, number][] => [
    [0, (crc32(a) ^ 1) >>> 0],
    [1, crc32(b)],
  ];

  test("is not stated for bytes that are sent, and corrected once they have gone by", async () => {
    const store = memoryStore(wrongTable());
    const tried = await setUp({ store });
    await tried.expectRight();
    expect(tried.contradictions).toEqual([1]);
    expect(store.table).toEqual(
      new Map([
        [0, crc32(a)],
        [1, crc32(b)],
      ]),
    );
    expect(store.saves).toBe(1);
    const before = tried.source.counts.opened.length;
    await tried.expectRight(tried.right.length - 100, tried.right.length, tried.knowledge());
    expect(tried.source.counts.opened).toHaveLength(before);
    await tried.expectRight();
    expect(store.saves).toBe(1);
  });

  test("is corrected by what another download of this process has learnt and then sent", async () => {
    const store = memoryStore(wrongTable());
    const tried = await setUp({ store });
    const crcs = tried.knowledge(undefined);
    await tried.expectRight(0, 4_000_000, crcs);
    await tried.expectRight(4_000_000, tried.right.length, crcs);
    expect(store.table.get(0)).toBe(crc32(a));
  });

  test("does not spread to the checksums of the process", async () => {
    const store = memoryStore(wrongTable());
    const tried = await setUp({ store });
    await tried.get(tried.right.length - 100); // states it, as nothing is sent
    const [blob] = tried.plan.entries.map((entry) => entry.blob);
    expect(blob && tried.crcs.cache.get(blob)).toBeUndefined();
    await tried.expectRight();
    expect(tried.contradictions).toEqual([1]);
  });

  test("breaks an archive that states it before the bytes, once", async () => {
    const store = memoryStore(wrongTable());
    const tried = await setUp({ store }, { headerCrc: "always", smallEntryBytes: 0 });
    await expect(tried.get()).rejects.toMatchObject({ code: "corrupt" });
    expect(tried.contradictions).toEqual([1]);
    expect(store.table.has(0)).toBe(false);
    await tried.expectRight();
    await tried.expectRight(0, tried.right.length, tried.knowledge());
  });
});

test("a right checksum of the plan is not dropped for wrong bytes", async () => {
  const bytes = patterned(2_000_000);
  const { plan, source } = await planOf({ a: { bytes, crc32: crc32(bytes) } });
  const contradictions: number[] = [];
  const crcs = createCrcKnowledge({ onContradiction: (n) => contradictions.push(n) });
  const wrong = flipping(source, () => true);
  await expect(collect(streamZip(plan, wrong, { crcs }))).rejects.toMatchObject({
    code: "corrupt",
  });
  expect(contradictions).toEqual([]);
});

test("ranges of any kind, in any order, some broken off, share checksums and stay right", async () => {
  const step = fc.tuple(fc.nat(10_000), fc.nat(10_000), fc.option(fc.nat(2_000)));
  const sizes = fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 4 });
  const always = fc.constantFrom("known" as const, "always" as const);
  await fc.assert(
    fc.asyncProperty(
      sizes,
      fc.array(step, { maxLength: 12 }),
      always,
      async (of, steps, headerCrc) => {
        const objects = Object.fromEntries(of.map((size, i) => [`${i}`, patterned(size, i)]));
        const made = await planOf(objects, { smallEntryBytes: 100, blockBytes: 64, headerCrc });
        const source = counting(chunked(made.source, 50));
        const right = await collect(streamZip(made.plan, made.source));
        const { length } = layoutZip(made.plan);
        const contradictions: number[] = [];
        const crcs = createCrcKnowledge({ onContradiction: (n) => contradictions.push(n) });
        for (const [x, y, leaveAfter] of steps) {
          const [start = 0, end = 0] = [x % (length + 1), y % (length + 1)].sort((m, n) => m - n);
          const stream = streamZip(made.plan, source, { start, end, crcs });
          if (leaveAfter === null) {
            expect((await collect(stream)).equals(right.subarray(start, end))).toBe(true);
          } else {
            const reader = stream.getReader();
            for (let read = 0; read < leaveAfter; ) {
              const { done, value } = await reader.read();
              if (done) break;
              read += value.length;
            }
            await reader.cancel();
          }
        }
        expect((await collect(streamZip(made.plan, source, { crcs }))).equals(right)).toBe(true);
        expect(contradictions).toEqual([]);
        expect(source.counts.open).toBe(0);
      },
    ),
    { numRuns: 300 },
  );
});
