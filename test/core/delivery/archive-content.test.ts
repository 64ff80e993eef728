import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMemoryDestination } from "../../../adapters/memory/destination.ts";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { ArchiveContent } from "../../../core/delivery/archive-content.ts";
import type { PartLimits } from "../../../core/delivery/blob-destination.ts";
import { cutArchive } from "../../../core/delivery/cut-parts.ts";
import { sendParts } from "../../../core/delivery/send-parts.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import type { ZipFormat } from "../../../core/zip/format.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { codeOf } from "../../support/error-codes.ts";
import { planOf } from "../../support/plans.ts";
import { counting, intercepting } from "../../support/sources.ts";

const limits: PartLimits = {
  minPartBytes: 1,
  maxPartBytes: 1e9,
  maxParts: 10_000,
  equalParts: false,
};
const always: Partial<ZipFormat> = { headerCrc: "always", smallEntryBytes: 30 };
const terms = { mark: "mark", contentType: "application/zip", metadata: {} };
const signal = new AbortController().signal;

/** A plan of objects of these sizes, its whole archive, and somewhere to deliver it to. */
async function bed(sizes: readonly number[], format: Partial<ZipFormat> = always) {
  const objects = sizes.map((size, i) => [`f${String(i).padStart(3, "0")}`, patterned(size, i)]);
  const { source: plain, plan } = await planOf(Object.fromEntries(objects), format);
  const whole = await collect(streamZip(plan, plain));
  const source = counting(plain);
  const store = createMemorySource();
  const destination = createMemoryDestination({ source: store });
  return { plan, whole, source, store, destination, layout: layoutZip(plan) };
}

type Bed = Awaited<ReturnType<typeof bed>>;

const readBytes = ({ source }: Bed) =>
  source.counts.opened.reduce((sum, { range }) => sum + range.end - range.start, 0);

async function deliver(
  { plan, layout, source, destination, store, whole }: Bed,
  options: { limits?: Partial<PartLimits>; partBytes: number; concurrency: number },
) {
  const parts = cutArchive(layout, {
    limits: { ...limits, ...options.limits },
    partBytes: options.partBytes,
  });
  const content = new ArchiveContent({ plan, source, parts });
  const upload = await destination.begin("a.zip", terms);
  const { concurrency } = options;
  const onPart = () => undefined;
  const sending = { content, destination, upload, stored: [], concurrency, onPart, signal };
  const sent = await sendParts(sending);
  const checksums = await content.finish(signal);
  expect(checksums).toEqual({ crc32: crc32(whole) });
  await destination.complete(upload, sent, {
    size: layout.length,
    crc32: checksums.crc32,
    replaces: "nothing",
  });
  const blob = await store.stat("a.zip");
  const bytes = await collect(await store.open(blob, { start: 0, end: blob.size }));
  expect(bytes.equals(whole)).toBe(true);
  return { parts, content };
}

describe("an archive that is made in parts", () => {
  test.each([
    ["small entries", Array(40).fill(100)],
    ["one large entry", [5000]],
    ["large and small entries", [10, 3000, 20, 30, 2500, 0, 700, 699, 1, 4000]],
    ["entries of about a part's length", Array(10).fill(960)],
    ["an empty entry", [0]],
  ])("is the same as the streamed one, and is read once: %s", async (_, sizes) => {
    for (const concurrency of [1, 2, 5]) {
      const made = await bed(sizes);
      await deliver(made, { partBytes: 1000, concurrency });
      expect(readBytes(made)).toBe(sizes.reduce((sum, size) => sum + size, 0));
      expect(made.source.counts.open).toBe(0);
    }
  });

  test("random archives, parts, limits and concurrency", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 25 }),
        fc.integer({ min: 1, max: 700 }),
        fc.integer({ min: 1, max: 300 }),
        fc.boolean(),
        fc.integer({ min: 1, max: 6 }),
        async (sizes, partBytes, minPartBytes, equalParts, concurrency) => {
          const made = await bed(sizes);
          const limited = { minPartBytes, equalParts };
          const { parts } = await deliver(made, { partBytes, concurrency, limits: limited });
          const lengths = parts.map(({ start, end }) => end - start);
          for (const length of lengths.slice(0, -1)) {
            expect(length).toBeGreaterThanOrEqual(minPartBytes);
            if (equalParts) expect(length).toBe(lengths[0]);
          }
        },
      ),
      { numRuns: 300 },
    );
  });

  test("a process that goes on sends the rest alone, whatever was recorded", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 100, max: 700 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.nat(), { minLength: 1, maxLength: 4 }),
        fc.constantFrom("all", "none", "stale"),
        async (sizes, partBytes, concurrency, kills, recorded) => {
          const made = await bed(sizes);
          const { plan, layout, destination, source, store, whole } = made;
          const parts = cutArchive(layout, { limits, partBytes });
          const upload = await destination.begin("a.zip", terms);
          let record: unknown = [];
          const sentBytes = new Map<number, number>();
          for (const kill of [...kills.map((at) => at % (parts.length + 1)), Infinity]) {
            const content = new ArchiveContent({ plan, source, parts });
            content.restore(record);
            const dying = new AbortController();
            let left = kill;
            const stored = await destination.listParts(upload);
            if (left === 0) continue;
            const sending = sendParts({
              content,
              destination,
              upload,
              // A store that tells no checksums of parts.
              stored: stored.map(({ crc32: _, ...part }) => part),
              concurrency,
              onPart({ number }) {
                sentBytes.set(number, (sentBytes.get(number) ?? 0) + 1);
                if (--left === 0) dying.abort(new Error("killed"));
              },
              signal: dying.signal,
            });
            const sent = await sending.catch(() => undefined);
            if (recorded === "all" || (recorded === "stale" && kill % 2 === 0)) {
              record = JSON.parse(JSON.stringify(content.record()));
            }
            if (!sent) continue;
            const { crc32: crc } = await content.finish(signal);
            expect(crc).toBe(crc32(whole));
            const right = { size: layout.length, crc32: crc, replaces: "nothing" } as const;
            await destination.complete(upload, sent, right);
            break;
          }
          const blob = await store.stat("a.zip");
          const bytes = await collect(await store.open(blob, { start: 0, end: blob.size }));
          expect(bytes.equals(whole)).toBe(true);
          for (const times of sentBytes.values()) expect(times).toBe(1);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("what a store tells of its parts need not be read again", async () => {
    const made = await bed([20_000]);
    const { plan, layout, destination, source } = made;
    const parts = cutArchive(layout, { limits, partBytes: 1000 });
    const upload = await destination.begin("a.zip", terms);
    const first = new ArchiveContent({ plan, source, parts });
    const onPart = () => undefined;
    const sending = { destination, upload, concurrency: 1, onPart, signal };
    await sendParts({ ...sending, content: first, stored: [] });
    const before = readBytes(made);
    const second = new ArchiveContent({ plan, source, parts });
    const stored = (await destination.listParts(upload)).filter(({ number }) => number !== 1);
    await sendParts({ ...sending, content: second, stored });
    expect(second.rereadBytes).toBe(0);
    expect(readBytes(made) - before).toBeLessThanOrEqual(1000);
  });

  test("an object that does not match its stated checksum fails it", async () => {
    const bytes = patterned(5000);
    const { plan, source } = await planOf(
      { a: { bytes, crc32: crc32(bytes) + 1 }, b: patterned(100) },
      always,
    );
    const store = createMemorySource();
    const destination = createMemoryDestination({ source: store });
    const parts = cutArchive(layoutZip(plan), { limits, partBytes: 1000 });
    const content = new ArchiveContent({ plan, source, parts });
    const upload = await destination.begin("a.zip", terms);
    const onPart = () => undefined;
    const sending = { content, destination, upload, stored: [], concurrency: 3, onPart, signal };
    expect(await codeOf(sendParts(sending))).toBe("corrupt");
  });

  test("a part that fails ends all others, and nothing stays open", async () => {
    const made = await bed(Array(10).fill(3000));
    const { plan, layout, destination } = made;
    const source = intercepting(made.source, async function* (chunks, { key }) {
      if (key === "f004") throw new Error("broken");
      yield* chunks;
    });
    const parts = cutArchive(layout, { limits, partBytes: 1000 });
    const content = new ArchiveContent({ plan, source, parts });
    const upload = await destination.begin("a.zip", terms);
    const onPart = () => undefined;
    const sending = { content, destination, upload, stored: [], concurrency: 4, onPart, signal };
    await expect(sendParts(sending)).rejects.toThrow("broken");
  });
});

describe("the cuts", () => {
  const sizesOf = (parts: readonly { start: number; end: number }[]) =>
    parts.map(({ start, end }) => end - start);

  test("are where entries begin, where small entries make up a part", async () => {
    const { layout } = await bed(Array(100).fill(100));
    const parts = cutArchive(layout, { limits, partBytes: 1000 });
    const directory = layout.localOffsets.at(-1) ?? 0;
    for (const { start } of parts.filter((part) => part.start <= directory)) {
      expect([...layout.localOffsets]).toContain(start);
    }
  });

  test("the directory is apart, unless all before it is too short for a part", async () => {
    const { layout } = await bed([3000, 100]);
    const directory = layout.localOffsets.at(-1);
    const parts = cutArchive(layout, { limits, partBytes: 1000 });
    expect(parts.at(-1)?.start).toBe(directory);
    const one = cutArchive(layout, { limits: { ...limits, minPartBytes: 5000 }, partBytes: 1000 });
    expect(one).toHaveLength(1);
  });

  test("are fewer than the destination takes, by longer parts", async () => {
    const { layout } = await bed(Array(200).fill(400));
    const parts = cutArchive(layout, { limits: { ...limits, maxParts: 10 }, partBytes: 100 });
    expect(parts.length).toBeLessThanOrEqual(10);
    expect(parts.at(-1)?.end).toBe(layout.length);
  });

  test("are all of one length for a store that wants that", async () => {
    const { layout } = await bed([3000, 100, 5000]);
    const equal = { ...limits, equalParts: true };
    const sizes = sizesOf(cutArchive(layout, { limits: equal, partBytes: 1000 }));
    expect(new Set(sizes.slice(0, -1))).toEqual(new Set([1000]));
  });
});
