import { getEventListeners } from "node:events";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { MemoryObject } from "../../../adapters/memory/source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { ReadAheadPool } from "../../../core/streaming/read-ahead-pool.ts";
import type { ZipFormat } from "../../../core/zip/format.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { codeOf } from "../../support/error-codes.ts";
import { planOf } from "../../support/plans.ts";
import { chunked, counting, failing, intercepting } from "../../support/sources.ts";

/** Thresholds so low that a few hundred bytes cross every one of them. */
const tiny: Partial<ZipFormat> = { smallEntryBytes: 20, blockBytes: 16, max16: 4, max32: 150 };

/** Entries of every layout, at the edges of blocks and thresholds. */
const varied: Record<string, MemoryObject | Uint8Array | string> = {
  "a/empty": "",
  "a/folder/": "",
  "a/small": patterned(20, 1),
  "b/known": { bytes: patterned(90, 2), crc32: crc32(patterned(90, 2)) },
  "b/known-zip64": { bytes: patterned(150, 3), crc32: crc32(patterned(150, 3)) },
  "c/framed-16": patterned(21, 4),
  "c/framed-32": patterned(32, 5),
  "c/framed-33": patterned(33, 6),
  "c/framed-zip64": patterned(200, 7),
  "d/last": patterned(47, 8),
};

describe("any range equals that slice of the whole", () => {
  test.each<[string, Partial<ZipFormat>]>([
    ["tiny thresholds", tiny],
    ["tiny blocks, real thresholds", { smallEntryBytes: 20, blockBytes: 16 }],
    ["no entry read whole", { ...tiny, smallEntryBytes: 0, blockBytes: 1 }],
    ["all entries read whole", { ...tiny, smallEntryBytes: 1000 }],
    ["the CRC always in the header", { ...tiny, headerCrc: "always" }],
    ["the same, no entry read whole", { ...tiny, headerCrc: "always", smallEntryBytes: 0 }],
  ])("every start and end: %s", async (_, format) => {
    const { source, plan } = await planOf(varied, format);
    const whole = await collect(streamZip(plan, source));
    expect(whole.length).toBe(layoutZip(plan).length);
    // Every cut in two, and ranges at a fixed stride, as their number is quadratic.
    for (let cut = 0; cut <= whole.length; cut++) {
      const head = await collect(streamZip(plan, source, { end: cut }));
      const tail = await collect(streamZip(plan, source, { start: cut }));
      expect(head.equals(whole.subarray(0, cut)), `up to ${cut}`).toBe(true);
      expect(tail.equals(whole.subarray(cut)), `from ${cut}`).toBe(true);
    }
  });

  test("thousands of random slices of random archives", async () => {
    const object = fc.record({
      size: fc.integer({ min: 0, max: 400 }),
      known: fc.boolean(),
    });
    const format = fc.record({
      smallEntryBytes: fc.integer({ min: 0, max: 200 }),
      headerCrc: fc.constantFrom("known" as const, "always" as const),
      blockBytes: fc.integer({ min: 1, max: 70 }),
      max16: fc.integer({ min: 1, max: 12 }),
      max32: fc.integer({ min: 1, max: 2000 }),
    });
    const cuts = fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 20, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(
        fc.array(object, { minLength: 1, maxLength: 10 }),
        format,
        fc.integer({ min: 1, max: 50 }),
        cuts,
        async (objects, chosen, chunkLength, slices) => {
          const stored = objects.map(({ size, known }, i) => {
            const bytes = patterned(size, i);
            return [`f${i}`, known ? { bytes, crc32: crc32(bytes) } : bytes] as const;
          });
          const { source: plain, plan } = await planOf(Object.fromEntries(stored), chosen);
          const source = chunked(plain, chunkLength);
          const whole = await collect(streamZip(plan, source));
          expect(whole.length).toBe(layoutZip(plan).length);
          for (const [x, y] of slices) {
            const [start = 0, end = 0] = [x % (whole.length + 1), y % (whole.length + 1)].sort(
              (a, b) => a - b,
            );
            const slice = await collect(streamZip(plan, source, { start, end }));
            expect(slice.equals(whole.subarray(start, end)), `[${start}, ${end})`).toBe(true);
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test("real blocks, at their edges", async () => {
    const { source, plan } = await planOf(
      { large: patterned(65_535 * 3 + 1) },
      { smallEntryBytes: 0 },
    );
    const whole = await collect(streamZip(plan, source));
    for (const edge of [44, 65_579, 65_584, 131_124, 196_664, 196_665, whole.length - 100]) {
      for (let start = edge - 8; start < edge + 8; start++) {
        const slice = await collect(streamZip(plan, source, { start, end: start + 9 }));
        expect(slice.equals(whole.subarray(start, start + 9)), `from ${start}`).toBe(true);
      }
    }
  });

  test.each([
    [-1, 5],
    [5, 4],
    [0, 1e9],
    [Number.NaN, 5],
  ])("refuses [%d, %d)", async (start, end) => {
    const { source, plan } = await planOf(varied);
    expect(() => streamZip(plan, source, { start, end })).toThrow(ZiplinkError);
  });
});

describe("the archive is a function of its plan", () => {
  test("equal plans give equal bytes and equal tags", async () => {
    const one = await planOf(varied, tiny);
    const two = await planOf(varied, tiny);
    expect(layoutZip(one.plan).etag).toBe(layoutZip(two.plan).etag);
    const bytes = await collect(streamZip(one.plan, one.source));
    expect((await collect(streamZip(two.plan, two.source))).equals(bytes)).toBe(true);
  });

  test("a different version, name, time, checksum or format gives a different tag", async () => {
    const base = { a: "text" };
    const bytes = Buffer.from("text");
    const tags = await Promise.all(
      [
        planOf(base),
        planOf({ b: "text" }),
        planOf({ a: "next" }).then(({ source, plan }) => {
          source.put("a", { bytes, modified: new Date("2024-02-29T12:34:57Z") });
          return source.stat("a").then((blob) => ({
            plan: { ...plan, entries: [{ name: "a", blob }] },
          }));
        }),
        planOf({ a: { bytes, modified: new Date(0) } }),
        planOf({ a: { bytes, crc32: crc32(bytes) } }),
        planOf(base, { smallEntryBytes: 1 }),
      ].map(async (made) => layoutZip((await made).plan).etag),
    );
    expect(new Set(tags).size).toBe(tags.length);
    for (const tag of tags) expect(tag).toMatch(/^"[\w-]{27}"$/);
  });

  test("with the CRC always in the header, what is known of CRCs and sizes changes nothing", async () => {
    const known = Object.fromEntries(
      Object.entries(varied).map(([key, object]) => {
        const bytes = Buffer.from(
          typeof object === "string" || object instanceof Uint8Array ? object : object.bytes,
        );
        return [key, { bytes, crc32: crc32(bytes) }];
      }),
    );
    const base = { ...tiny, headerCrc: "always" as const };
    const made = await Promise.all([
      planOf(varied, base),
      planOf(known, base),
      planOf(varied, { ...base, smallEntryBytes: 1000, blockBytes: 3 }),
    ]);
    const tags = made.map(({ plan }) => layoutZip(plan).etag);
    expect(new Set(tags).size).toBe(1);
    const archives = await Promise.all(
      made.map(({ plan, source }) => collect(streamZip(plan, source))),
    );
    for (const archive of archives) expect(archive.equals(archives[0] ?? archive)).toBe(true);
    expect(layoutZip((await planOf(varied, tiny)).plan).etag).not.toBe(tags[0]);
  });
});

describe("reading", () => {
  test("opens nothing before the first read, and each object once, in order", async () => {
    const { source: plain, plan } = await planOf(varied, tiny);
    const source = counting(plain);
    const stream = streamZip(plan, source);
    expect(source.counts.opened).toEqual([]);
    await collect(stream);
    expect(source.counts.open).toBe(0);
    // The empty file and the folder have nothing to read.
    const expected = plan.entries.filter(({ blob }) => blob.size > 0).map(({ blob }) => blob.key);
    expect(source.counts.opened.map(({ key }) => key)).toEqual(expected);
  });

  test("a range opens only what it needs, and only that part of it", async () => {
    const bytes = patterned(1000);
    const known = { bytes, crc32: crc32(bytes) };
    const { source: plain, plan } = await planOf({ a: known, b: known, c: known });
    const source = counting(plain);
    const start = (layoutZip(plan).localOffsets[1] ?? 0) + 200;
    await collect(streamZip(plan, source, { start, end: start + 50 }));
    expect(source.counts.opened.map(({ key }) => key)).toEqual(["b"]);
    const range = source.counts.opened[0]?.range;
    expect((range?.end ?? 0) - (range?.start ?? 0)).toBe(50);
  });

  test("cancelling closes what is open", async () => {
    const { source: plain, plan } = await planOf({ a: patterned(5_000_000), b: "b" });
    const source = counting(plain);
    const reader = streamZip(plan, source).getReader();
    await reader.read();
    await reader.read();
    expect(source.counts.open).toBeGreaterThan(0);
    await reader.cancel();
    expect(source.counts.open).toBe(0);
  });

  test("aborting its signal errors the stream and closes what is open", async () => {
    const { source: plain, plan } = await planOf({ a: patterned(5_000_000), b: "b" });
    const source = counting(plain);
    const abort = new AbortController();
    const reader = streamZip(plan, source, { signal: abort.signal }).getReader();
    await reader.read();
    await reader.read();
    abort.abort(new Error("left"));
    await expect(reader.read()).rejects.toThrow("left");
    expect(source.counts.open).toBe(0);
  });

  test("aborting it between two reads also frees its room, even if nobody reads on", async () => {
    const objects = Object.fromEntries(
      Array.from({ length: 8 }, (_, i) => [`f${i}`, patterned(2_000_000, i)]),
    );
    const { source, plan } = await planOf(objects);
    const readAhead = new ReadAheadPool({ maxBytes: 8_000_000 });
    for (const readsOn of [true, false]) {
      const abort = new AbortController();
      const counted = counting(source);
      const reader = streamZip(plan, counted, { signal: abort.signal, readAhead }).getReader();
      for (let i = 0; i < 6; i++) await reader.read();
      abort.abort(new Error("left"));
      if (readsOn) await expect(reader.read()).rejects.toThrow("left");
      else await new Promise((resolve) => setImmediate(resolve));
      expect(counted.counts.open).toBe(0);
    }
    const share = readAhead.join();
    expect([1, 2, 3, 4].map(() => share.tryTake(2_000_000))).toEqual([true, true, true, true]);
    share.leave();
  });

  test.each(["failed", "ended", "cancelled"])(
    "leaves nothing behind on its signal once it has %s",
    async (how) => {
      const { source: plain, plan } = await planOf({ a: patterned(5_000_000), b: "b" });
      const source = how === "failed" ? failing(plain, "a", 0, new Error("broken")) : plain;
      const { signal } = new AbortController();
      const reader = streamZip(plan, source, { signal }).getReader();
      expect(getEventListeners(signal, "abort")).toHaveLength(1);
      if (how === "failed") await expect(reader.read()).rejects.toThrow("broken");
      else await reader.read();
      if (how === "ended") while (!(await reader.read()).done);
      if (how === "cancelled") await reader.cancel();
      expect(getEventListeners(signal, "abort")).toEqual([]);
    },
  );

  test("small pieces are joined into few chunks", async () => {
    const objects = Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`f${i}`, "x"]));
    const { source, plan } = await planOf(objects);
    let chunks = 0;
    for await (const _ of streamZip(plan, source)) chunks++;
    expect(chunks).toBeLessThan(10);
  });
});

describe("a failure never leaves an archive that looks complete", () => {
  const bytes = patterned(3_000_000);
  const small = patterned(100);
  const cases = {
    "of known CRC": { bytes, crc32: crc32(bytes) },
    "of unknown CRC": { bytes },
    "read whole": { bytes: small },
  };

  /** Reads a stream and returns its bytes and how it ended. */
  async function drain(stream: ReadableStream<Uint8Array>) {
    const parts: Uint8Array[] = [];
    const code = await codeOf(
      (async () => {
        for await (const part of stream) parts.push(part);
      })(),
    );
    return { code, received: Buffer.concat(parts) };
  }

  test.each(Object.entries(cases))("a read that breaks, object %s", async (_, object) => {
    const { source: plain, plan } = await planOf({ a: "first", b: object, c: "last" });
    const broken = new ZiplinkError("unavailable", "the store broke");
    for (const after of [0, 1, object.bytes.length - 1]) {
      const source = counting(failing(plain, "b", after, broken));
      const { code, received } = await drain(streamZip(plan, source));
      expect(code).toBe("unavailable");
      expect(received.indexOf("PK\x01\x02")).toBe(-1);
      expect(source.counts.open).toBe(0);
    }
  });

  test.each(Object.entries(cases))("too few or too many bytes, object %s", async (_, object) => {
    const { source: plain, plan } = await planOf({ a: "first", b: object, c: "last" });
    const short = intercepting(plain, async function* (chunks, blob) {
      let left = blob.size - (blob.key === "b" ? 1 : 0);
      for await (const chunk of chunks) {
        yield chunk.subarray(0, left);
        left -= chunk.length;
      }
    });
    const long = intercepting(plain, async function* (chunks) {
      yield* chunks;
      yield Buffer.from("x");
    });
    for (const source of [short, long]) {
      const { code, received } = await drain(streamZip(plan, source));
      expect(code).toBe("corrupt");
      expect(received.indexOf("PK\x01\x02")).toBe(-1);
    }
  });

  test("bytes that do not match the CRC stated for them", async () => {
    const wrong = { bytes, crc32: crc32(bytes) ^ 1 };
    const { source, plan } = await planOf({ a: "first", b: wrong, c: "last" });
    const { code, received } = await drain(streamZip(plan, source));
    expect(code).toBe("corrupt");
    expect(received.length).toBeLessThan(layoutZip(plan).localOffsets[2] ?? 0);
  });

  test("an object replaced while others are sent", async () => {
    const { source, plan } = await planOf({ a: patterned(2_000_000), b: "before" });
    const reader = streamZip(plan, source).getReader();
    await reader.read();
    source.put("b", "after!");
    expect(
      await codeOf(
        (async () => {
          for (;;) if ((await reader.read()).done) return;
        })(),
      ),
    ).toBe("changed");
  });
});
