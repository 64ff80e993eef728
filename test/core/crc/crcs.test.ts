import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { CrcCache } from "../../../core/crc/crc-cache.ts";
import { createCrcKnowledge } from "../../../core/crc/crc-knowledge.ts";
import { CrcParts } from "../../../core/crc/crc-parts.ts";
import { type CrcStore, createCrcStore } from "../../../core/crc/crc-store.ts";
import { StoredTable } from "../../../core/crc/stored-table.ts";
import type { ObjectStore } from "../../../core/source/object-store.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { ReadAheadPool } from "../../../core/streaming/read-ahead-pool.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { planOf } from "../../support/plans.ts";
import { counting, failing } from "../../support/sources.ts";

const secret = Buffer.alloc(32, 7);

function memoryObjects(): ObjectStore & { readonly objects: Map<string, Uint8Array> } {
  const objects = new Map<string, Uint8Array>();
  return {
    objects,
    get: async (name) => objects.get(name),
    put: async (name, bytes) => void objects.set(name, bytes),
  };
}

describe("parts of a CRC", () => {
  test("add up in any order and with any overlap", () => {
    const slice = fc.tuple(fc.nat(200), fc.nat(200));
    fc.assert(
      fc.property(
        fc.array(slice, { maxLength: 20 }),
        fc.integer({ min: 1, max: 200 }),
        (slices, size) => {
          const bytes = patterned(size);
          const parts = new CrcParts();
          const seen = new Set<number>();
          for (const [x, y] of slices) {
            const [start = 0, end = 0] = [x % (size + 1), y % (size + 1)].sort((a, b) => a - b);
            parts.update(bytes.subarray(start, end), start);
            for (let i = start; i < end; i++) seen.add(i);
            const missing = parts.gaps(size).reduce((sum, gap) => sum + gap.end - gap.start, 0);
            expect(missing).toBe(size - seen.size);
            for (const gap of parts.gaps(size)) expect(seen.has(gap.start)).toBe(false);
          }
          for (const gap of parts.gaps(size)) {
            expect(parts.whole(size)).toBeUndefined();
            parts.update(bytes.subarray(gap.start, gap.end), gap.start);
          }
          expect(parts.whole(size)).toBe(crc32(bytes));
        },
      ),
    );
  });
});

describe("the cache", () => {
  const blob = (key: string, version = "1") => ({ key, version, size: 10, modified: new Date(0) });

  test("identifies an object by its key and version", () => {
    const cache = new CrcCache();
    cache.set(blob("a"), 5);
    expect(cache.get(blob("a"))).toBe(5);
    expect(cache.get(blob("a", "2"))).toBeUndefined();
    expect(cache.get(blob('a","1'))).toBeUndefined();
  });

  test("keeps a bounded number of an object's fragments, and adds up those that are adjacent", () => {
    const cache = new CrcCache();
    const scattered = Array.from({ length: 500 }, (_, i) => ({
      start: 2 * i,
      end: 2 * i + 1,
      crc32: 0,
    }));
    expect(cache.add({ ...blob("a"), size: 1000 }, scattered)).toBeUndefined();
    expect(cache.fragments(blob("a"))).toHaveLength(200);
    const bytes = patterned(10);
    const halves = [bytes.subarray(5), bytes.subarray(0, 5)];
    const [end, start] = halves.map((half) => crc32(half));
    expect(cache.add(blob("b"), [{ start: 5, end: 10, crc32: end ?? 0 }])).toBeUndefined();
    expect(cache.add(blob("b"), [{ start: 0, end: 5, crc32: start ?? 0 }])).toBe(crc32(bytes));
  });

  test("tells when another checksum was known, and replaces it", () => {
    const cache = new CrcCache();
    expect([1, 1, 2].map((crc) => cache.set(blob("a"), crc))).toEqual([false, false, true]);
    expect(cache.get(blob("a"))).toBe(2);
  });

  test("evicts the least recently used", () => {
    const cache = new CrcCache({ maxObjects: 2 });
    cache.set(blob("a"), 1);
    cache.set(blob("b"), 2);
    cache.get(blob("a"));
    cache.set(blob("c"), 3);
    expect([cache.get(blob("a")), cache.get(blob("b")), cache.get(blob("c"))]).toEqual([
      1,
      undefined,
      3,
    ]);
  });
});

describe("the store", () => {
  const table = new Map([
    [0, 0xffffffff],
    [7, 0],
    [99_999, 123],
  ]);

  test("keeps an archive's table for any holder of the secret", async () => {
    const objects = memoryObjects();
    await createCrcStore(objects, secret).save('"one"', table);
    expect(await createCrcStore(objects, secret).load('"one"')).toEqual(table);
    expect((await createCrcStore(objects, secret).load('"two"')).size).toBe(0);
    expect((await createCrcStore(objects, Buffer.alloc(32, 8)).load('"one"')).size).toBe(0);
  });

  test("rejects what was tampered with or belongs to another archive", async () => {
    const objects = memoryObjects();
    const store = createCrcStore(objects, secret);
    await store.save('"one"', table);
    await store.save('"two"', new Map([[0, 1]]));
    const [
      [one, bytes = Buffer.alloc(0)] = ["", undefined],
      [two, other = Buffer.alloc(0)] = ["", undefined],
    ] = [...objects.objects];
    for (let i = 0; i < bytes.length; i++) {
      const changed = Buffer.from(bytes);
      changed[i] = (changed[i] ?? 0) ^ 1;
      objects.objects.set(one, changed);
      expect((await store.load('"one"')).size, `byte ${i}`).toBe(0);
    }
    for (const damaged of [Buffer.alloc(0), bytes.subarray(0, 20), bytes.subarray(1), other]) {
      objects.objects.set(one, damaged);
      expect((await store.load('"one"')).size).toBe(0);
    }
    objects.objects.set(two, other);
    expect((await store.load('"two"')).size).toBe(1);
  });

  test("reveals nothing about the archive", async () => {
    const objects = memoryObjects();
    const store = createCrcStore(objects, secret);
    await store.save('"etag-of-it"', table);
    await store.save('"etag-of-it"', table);
    const [[name, bytes] = []] = [...objects.objects];
    expect(objects.objects.size).toBe(1);
    expect(name).toMatch(/^[0-9a-f]{64}\.crc$/);
    expect(Buffer.from(bytes ?? []).includes(Buffer.from([255, 255, 255, 255]))).toBe(false);
  });
});

describe("a download that begins after an entry", () => {
  const big = (seed: number) => patterned(3_000_000, seed);
  const objects = { a: big(1), b: big(2), c: big(3), d: big(4), e: "small" };

  /** Downloads the tail of the archive, from the middle of entry `c` on, and records the opened ranges. */
  async function tailOf(
    made: Awaited<ReturnType<typeof planOf>>,
    crcs: ReturnType<typeof createCrcKnowledge>,
    entry = 2,
  ) {
    const source = counting(made.source);
    const start = (layoutZip(made.plan).localOffsets[entry] ?? 0) + 1_000_000;
    const bytes = await collect(streamZip(made.plan, source, { start, crcs }));
    const whole = await collect(streamZip(made.plan, made.source));
    expect(bytes.equals(whole.subarray(start))).toBe(true);
    return source.counts;
  }

  const keysOf = (counts: { opened: readonly { key: string }[] }) =>
    counts.opened.map(({ key }) => key).sort();

  test("rereads the entries it skipped and, of the entry it begins in, only the part before", async () => {
    const counts = await tailOf(await planOf(objects), createCrcKnowledge());
    expect(keysOf(counts)).toEqual(["a", "b", "c", "c", "d", "e"]);
    const again = counts.opened.filter(({ key }) => key === "c").map(({ range }) => range);
    const [head, tail] = again.sort((x, y) => x.start - y.start);
    expect(head).toEqual({ start: 0, end: tail?.start });
    expect(tail?.end).toBe(3_000_000);
    expect(counts.open).toBe(0);
  });

  test("sends its first bytes before it rereads anything", async () => {
    const made = await planOf(objects);
    const source = counting(made.source);
    const start = layoutZip(made.plan).localOffsets[3] ?? 0;
    const reader = streamZip(made.plan, source, { start }).getReader();
    await reader.read();
    expect(keysOf(source.counts)).toEqual(["d"]);
    await reader.cancel();
    expect(source.counts.open).toBe(0);
  });

  test("rereads nothing if another download has read everything", async () => {
    const made = await planOf(objects);
    const crcs = createCrcKnowledge();
    await collect(streamZip(made.plan, made.source, { crcs }));
    expect(keysOf(await tailOf(made, crcs))).toEqual(["c", "d", "e"]);
  });

  test("rereads nothing if the first download broke at exactly that position", async () => {
    const made = await planOf(objects);
    const crcs = createCrcKnowledge();
    const end = (layoutZip(made.plan).localOffsets[2] ?? 0) + 1_500_000;
    // More was sent than the client says it received.
    await collect(streamZip(made.plan, made.source, { crcs, end }));
    expect(keysOf(await tailOf(made, crcs))).toEqual(["c", "d", "e"]);
  });

  test("slices sent in any order leave nothing to reread", async () => {
    const made = await planOf({ one: patterned(9_000_000) });
    const crcs = createCrcKnowledge();
    const { length } = layoutZip(made.plan);
    const source = counting(made.source);
    for (let start = 0; start + 1_000_000 < length; start += 1_000_000) {
      await collect(streamZip(made.plan, source, { crcs, start, end: start + 1_000_000 }));
    }
    const before = source.counts.opened.length;
    const rest = Math.floor(length / 1_000_000) * 1_000_000;
    await collect(streamZip(made.plan, source, { crcs, start: rest }));
    expect(source.counts.opened.length - before).toBe(1);
  });

  test("rereads nothing on a new instance with the store", async () => {
    const made = await planOf(objects);
    const store = createCrcStore(memoryObjects(), secret);
    await collect(streamZip(made.plan, made.source, { crcs: createCrcKnowledge({ store }) }));
    expect(keysOf(await tailOf(made, createCrcKnowledge({ store })))).toEqual(["c", "d", "e"]);
  });

  test("a broken download also saves in the store what it learnt", async () => {
    const made = await planOf(objects);
    const store = createCrcStore(memoryObjects(), secret);
    const broken = failing(made.source, "d", 5, new Error("broken"));
    const stream = streamZip(made.plan, broken, { crcs: createCrcKnowledge({ store }) });
    await expect(collect(stream)).rejects.toThrow("broken");
    expect(keysOf(await tailOf(made, createCrcKnowledge({ store }), 3))).toEqual(["d", "d", "e"]);
  });

  test.each([
    ["nothing", ["keeps 1", "has 1", "ends"]],
    ["more", ["keeps 1", "has 1", "keeps 2", "has 2", "ends"]],
  ])(
    "does not end before everything it learnt is saved, with %s to save after that",
    async (more, order) => {
      const { plan } = await planOf({ a: "one", b: "two" });
      const size = 300 * 1024 * 1024;
      const entries = plan.entries.map(({ name, blob }) => ({ name, blob: { ...blob, size } }));
      const steps: string[] = [];
      const { promise: isFree, resolve: free } = Promise.withResolvers<void>();
      const store: CrcStore = {
        load: async () => new Map(),
        async save(_, known) {
          steps.push(`keeps ${known.size}`);
          await isFree;
          steps.push(`has ${known.size}`);
        },
      };
      const table = new StoredTable(layoutZip({ ...plan, entries }), createCrcKnowledge({ store }));
      table.learn(0, 1, size); // so many bytes that the table is saved at once
      while (steps.length === 0) await new Promise(setImmediate);
      if (more === "more") table.learn(1, 2, 1);
      const ending = table.save().then(() => steps.push("ends"));
      await new Promise(setImmediate);
      free();
      await ending;
      expect(steps).toEqual(order);
    },
  );

  test("continues without a store that fails, and reports the failure", async () => {
    const made = await planOf(objects);
    const errors: unknown[] = [];
    const fail = async () => {
      throw new Error("no store");
    };
    const store: CrcStore = { load: fail, save: fail };
    const crcs = createCrcKnowledge({ store, onStoreError: (error) => errors.push(error) });
    await tailOf(made, crcs);
    expect(errors.length).toBeGreaterThan(0);
  });

  test("does not use the store for few bytes or for checksums that the plan states", async () => {
    const calls: string[] = [];
    const store: CrcStore = {
      async load() {
        calls.push("load");
        return new Map();
      },
      save: async () => void calls.push("save"),
    };
    const known = { bytes: big(1), crc32: crc32(big(1)) };
    for (const made of [
      await planOf({ a: "small", b: big(1) }),
      await planOf({ a: known, b: known, c: known }),
    ]) {
      const { length } = layoutZip(made.plan);
      await collect(streamZip(made.plan, made.source, { crcs: createCrcKnowledge({ store }) }));
      await collect(
        streamZip(made.plan, made.source, {
          start: length - 100,
          crcs: createCrcKnowledge({ store }),
        }),
      );
    }
    expect(calls).toEqual([]);
  });

  test("fails if a reread fails, and closes everything", async () => {
    const made = await planOf(objects);
    const source = counting(failing(made.source, "a", 100, new Error("broken")));
    const start = layoutZip(made.plan).localOffsets[3] ?? 0;
    await expect(collect(streamZip(made.plan, source, { start }))).rejects.toThrow("broken");
    expect(source.counts.open).toBe(0);
  });

  test("does not reread a replaced object as if it were the same", async () => {
    const made = await planOf(objects);
    const start = layoutZip(made.plan).localOffsets[3] ?? 0;
    made.source.put("a", big(9));
    await expect(collect(streamZip(made.plan, made.source, { start }))).rejects.toMatchObject({
      code: "changed",
    });
  });

  test("does not wait for its turn to reread once it is given up", async () => {
    const made = await planOf(objects);
    const source = counting(made.source);
    const crcs = createCrcKnowledge({ rereads: 1 });
    const { promise: isFree, resolve: free } = Promise.withResolvers<void>();
    const others = crcs.rereads.queue.run({}, () => isFree);
    const start = layoutZip(made.plan).localOffsets[3] ?? 0;
    const reader = streamZip(made.plan, source, { start, crcs }).getReader();
    for (let i = 0; i < 2; i++) await reader.read();
    while (crcs.rereads.queue.pendingCount === 0) await new Promise(setImmediate);
    const steps: string[] = [];
    const ending = reader.cancel().then(() => steps.push("ended"));
    await new Promise(setImmediate);
    steps.push("free");
    free();
    await Promise.all([ending, others]);
    expect(steps).toEqual(["ended", "free"]);
    while (crcs.rereads.queue.activeCount > 0) await new Promise(setImmediate);
    expect(keysOf(source.counts)).not.toContain("a");
  });

  test("sixteen concurrent downloads give the same bytes and open no more than allowed", async () => {
    const made = await planOf(objects);
    const whole = await collect(streamZip(made.plan, made.source));
    const source = counting(made.source);
    const rereads = 3;
    const crcs = createCrcKnowledge({ rereads });
    const readAhead = new ReadAheadPool({ maxOpen: 5 });
    const step = Math.ceil(whole.length / 16);
    const slices = await Promise.all(
      Array.from({ length: 16 }, (_, i) =>
        collect(
          streamZip(made.plan, source, {
            start: i * step,
            end: Math.min((i + 1) * step, whole.length),
            crcs,
            readAhead,
          }),
        ),
      ),
    );
    expect(Buffer.concat(slices).equals(whole)).toBe(true);
    expect(source.counts.mostOpen).toBeLessThanOrEqual(16 + rereads + 5);
    expect(source.counts.open).toBe(0);
  });
});
