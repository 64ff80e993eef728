import { expect, test } from "vitest";
import type { BlobInfo, BlobSource } from "../../../core/blob-source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { createCrcKnowledge } from "../../../core/crc/crc-knowledge.ts";
import { SharedRereads } from "../../../core/crc/shared-rereads.ts";
import { PART_BYTES, tilesOf } from "../../../core/crc/tiles.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { planOf } from "../../support/plans.ts";
import { counting, failing, intercepting } from "../../support/sources.ts";

const MiB = 1024 * 1024;

/** Returns the number of bytes that a counted source was asked for. */
function bytesOpened({ counts }: ReturnType<typeof counting>): number {
  return counts.opened.reduce((sum, { range }) => sum + range.end - range.start, 0);
}

test("twenty downloads of one archive's end read each object once", async () => {
  const made = await planOf({ a: patterned(40 * MiB), b: patterned(3 * MiB, 2) });
  const whole = await collect(streamZip(made.plan, made.source));
  const source = counting(made.source);
  const crcs = createCrcKnowledge();
  const start = whole.length - 100;
  const tails = await Promise.all(
    Array.from({ length: 20 }, () => collect(streamZip(made.plan, source, { start, crcs }))),
  );
  for (const tail of tails) expect(tail.equals(whole.subarray(start))).toBe(true);
  expect(bytesOpened(source)).toBe(43 * MiB);
  expect(source.counts.open).toBe(0);
});

test("downloads that begin at different places share all parts but the last", async () => {
  const made = await planOf({ a: patterned(40 * MiB) });
  const whole = await collect(streamZip(made.plan, made.source));
  const source = counting(made.source);
  const crcs = createCrcKnowledge();
  const starts = [33 * MiB, 34 * MiB, 35 * MiB];
  const tails = await Promise.all(
    starts.map((start) => collect(streamZip(made.plan, source, { start, crcs }))),
  );
  for (const [i, tail] of tails.entries())
    expect(tail.equals(whole.subarray(starts[i]))).toBe(true);
  const shared = source.counts.opened.filter(({ range }) => range.end <= 32 * MiB);
  expect(shared.map(({ range }) => range)).toEqual([
    { start: 0, end: 16 * MiB },
    { start: 16 * MiB, end: 32 * MiB },
  ]);
});

/** Returns a source of one object whose reads wait until `release` is called, and how many are open. */
async function heldObject(size = 1000) {
  const made = await planOf({ a: patterned(size) });
  const { promise, resolve: release } = Promise.withResolvers<void>();
  const source = counting(
    intercepting(made.source, async function* (chunks, _blob, _range, signal) {
      const gone = new Promise<never>((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      await Promise.race([promise, gone]);
      yield* chunks;
    }),
  );
  const blob = made.plan.entries[0]?.blob as BlobInfo;
  return { source, blob, release, crc: crc32(patterned(size)) };
}

const untilOpen = async (source: ReturnType<typeof counting>) => {
  while (source.counts.open === 0) await new Promise(setImmediate);
};

test("a part is read on while one download waits for it, and given up with the last", async () => {
  const { source, blob } = await heldObject();
  const rereads = new SharedRereads(1);
  const [one, two] = [new AbortController(), new AbortController()];
  const part = { start: 0, end: 500 };
  const waits = [one, two].map(({ signal }) => rereads.crcOf(blob, part, { source, signal }));
  const outcomes = Promise.allSettled(waits);
  await untilOpen(source);
  one.abort(new Error("one left"));
  await expect(waits[0]).rejects.toThrow("one left");
  expect(source.counts.open).toBe(1);
  two.abort(new Error("two left"));
  await outcomes;
  await expect(waits[1]).rejects.toThrow("two left");
  expect(source.counts).toMatchObject({ open: 0, mostOpen: 1 });
  expect(rereads.queue.activeCount).toBe(0);
});

test("a part that was read is not read again by a later download", async () => {
  const { source, blob, release } = await heldObject();
  release();
  const rereads = new SharedRereads(1);
  const reader = { source, signal: new AbortController().signal };
  const part = { start: 0, end: 500 };
  const crc = crc32(patterned(1000).subarray(0, 500));
  for (let i = 0; i < 3; i++) expect(await rereads.crcOf(blob, part, reader)).toBe(crc);
  expect(source.counts.opened).toHaveLength(1);
  rereads.forget(blob);
  expect(await rereads.crcOf(blob, part, reader)).toBe(crc);
  const other = rereads.crcOf({ ...blob, version: "other" }, part, reader);
  await expect(other).rejects.toMatchObject({ code: "changed" });
});

test("a part that cannot be read fails all who wait, and is tried again by the next", async () => {
  const made = await planOf({ a: patterned(1000) });
  const blob = made.plan.entries[0]?.blob as BlobInfo;
  const broken = failing(made.source, "a", 10, new Error("broken"));
  const rereads = new SharedRereads(1);
  const { signal } = new AbortController();
  const read = (source: BlobSource) =>
    rereads.crcOf(blob, { start: 0, end: 500 }, { source, signal });
  const outcomes = await Promise.allSettled([read(broken), read(broken)]);
  expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
  expect(await read(made.source)).toBe(crc32(patterned(1000).subarray(0, 500)));
});

test("ninety downloads that reread much let a stranger's read pass", async () => {
  const parts = 3;
  const names = Array.from({ length: 90 }, (_, i) => `hog-${i}`);
  const content = new Uint8Array(parts * PART_BYTES);
  const made = await planOf({ stranger: patterned(2 * MiB) });
  const order: string[] = [];
  const blobs = names.map((key) => ({
    key,
    version: "1",
    size: content.length,
    modified: new Date(0),
  }));
  const source: BlobSource = {
    ...made.source,
    async open({ key }, { start, end }) {
      order.push(key);
      return (async function* () {
        yield content.subarray(start, end);
      })();
    },
  };
  const rereads = new SharedRereads(8);
  const signal = new AbortController().signal;
  const all = blobs.flatMap((blob) => {
    const reader = { source, signal };
    const tiles = tilesOf(blob.size, [], () => false);
    return tiles.map((tile) => rereads.crcOf(blob, tile, reader));
  });
  const blob = { key: "stranger", version: "1", size: 100, modified: new Date(0) };
  await rereads.crcOf(blob, { start: 0, end: 100 }, { source, signal });
  // Behind one part of each other download, and those that were under way already.
  expect(order.indexOf("stranger")).toBeLessThanOrEqual(90 + 8);
  await Promise.all(all);
  expect(order).toHaveLength(90 * parts + 1);
});

test("tiles use what is known, and cut the rest at multiples of a part", () => {
  const known = (start: number, end: number) => ({ start, end, crc32: 1 });
  const ranges = (size: number, fragments: Parameters<typeof tilesOf>[1], end?: number) =>
    tilesOf(size, fragments, (offset) => offset === end).map(({ start, end, crc32 }) =>
      crc32 === undefined ? [start / MiB, end / MiB] : [start / MiB, end / MiB, "known"],
    );
  expect(ranges(0, [])).toEqual([]);
  expect(ranges(40 * MiB, [])).toEqual([
    [0, 16],
    [16, 32],
    [32, 40],
  ]);
  expect(ranges(40 * MiB, [known(0, 5 * MiB), known(20 * MiB, 40 * MiB)])).toEqual([
    [0, 5, "known"],
    [5, 16],
    [16, 20],
    [20, 40, "known"],
  ]);
  // Scattered little ones would make many small requests.
  const scattered = Array.from({ length: 100 }, (_, i) => known(i * 1000 + 500, i * 1000 + 600));
  expect(ranges(MiB, scattered)).toEqual([[0, 1]]);
  // One that ends behind what is skipped counts if the bytes sent can be divided there.
  expect(ranges(8 * MiB, [known(0, 9 * MiB)])).toEqual([[0, 8]]);
  expect(ranges(8 * MiB, [known(0, 9 * MiB)], 9 * MiB)).toEqual([[0, 9, "known"]]);
});

test("a download that is given up while it rereads leaves its progress to the next", async () => {
  const made = await planOf({ a: patterned(33 * MiB) });
  const source = counting(made.source);
  const crcs = createCrcKnowledge({ rereads: 1 });
  const { length } = layoutZip(made.plan);
  const options = { start: length - 100, crcs };
  const reader = streamZip(made.plan, source, options).getReader();
  const reading = reader.read().catch(() => undefined);
  while (source.counts.opened.length < 2) await new Promise(setImmediate);
  await reader.cancel();
  await reading;
  expect(source.counts.open).toBe(0);
  await collect(streamZip(made.plan, source, options));
  const first = source.counts.opened.filter(({ range }) => range.start === 0);
  expect(first).toHaveLength(1);
});
