import { setImmediate } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import type { BlobSource } from "../../../core/blob-source.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { ReadAheadPool } from "../../../core/streaming/read-ahead-pool.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { planOf } from "../../support/plans.ts";
import { counting } from "../../support/sources.ts";

const MiB = 1024 * 1024;

/** Returns `source` with each read beginning only once `release` was called for it, in any order. */
function gated(source: BlobSource) {
  const gates = new Map<string, PromiseWithResolvers<void>>();
  const waiting: (() => void)[] = [];
  const gateOf = (name: string) => {
    const gate = gates.get(name) ?? Promise.withResolvers<void>();
    gates.set(name, gate);
    return gate;
  };
  const asked: string[] = [];
  return {
    asked,
    release: (name: string) => gateOf(name).resolve(),
    /** Resolves once `count` reads have been requested. */
    async askedFor(count: number): Promise<void> {
      while (asked.length < count) await new Promise<void>((resolve) => waiting.push(resolve));
    },
    stat: (key, signal) => source.stat(key, signal),
    list: (prefix, signal) => source.list(prefix, signal),
    async open(blob, range, signal) {
      const name = `${blob.key}@${range.start}`;
      asked.push(name);
      for (const wake of waiting.splice(0)) wake();
      const aborted = new Promise<void>((_, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      });
      await Promise.race([gateOf(name).promise, aborted]);
      return source.open(blob, range, signal);
    },
  } satisfies BlobSource & Record<string, unknown>;
}

/** `count` objects of `size` bytes: "00", "01", ... */
function objects(count: number, size: number): Record<string, Uint8Array> {
  return Object.fromEntries(
    Array.from({ length: count }, (_, i) => [String(i).padStart(2, "0"), patterned(size, i)]),
  );
}

describe("read-ahead", () => {
  test("opens as many objects as allowed once the client reads on, and sends them in order", async () => {
    const { source, plan } = await planOf(objects(20, 100_000));
    const whole = await collect(streamZip(plan, source));
    const gate = gated(source);
    const readAhead = new ReadAheadPool({ maxOpen: 6 });
    const stream = streamZip(plan, gate, { readAhead });
    expect(gate.asked).toEqual([]);
    const sent = collect(stream);
    await gate.askedFor(1);
    gate.release("00@0");
    await gate.askedFor(7);
    await setImmediate(); // an eighth would have been requested by now
    expect(gate.asked).toHaveLength(7);
    // The last one arrives first and waits for its turn.
    for (let i = 19; i >= 0; i--) gate.release(`${String(i).padStart(2, "0")}@0`);
    expect((await sent).equals(whole)).toBe(true);
    expect(gate.asked.length).toBe(20);
  });

  test("only the first object is opened before the client reads on", async () => {
    const { source, plan } = await planOf(objects(5, 2_000_000));
    const counted = counting(source);
    const reader = streamZip(plan, counted).getReader();
    await reader.read();
    expect(counted.counts.opened.map(({ key }) => key)).toEqual(["00"]);
    await reader.cancel();
  });

  test("holds no more bytes than allowed, however slow the client", async () => {
    const { source, plan } = await planOf(objects(30, 500_000));
    const counted = counting(source);
    const readAhead = new ReadAheadPool({ maxBytes: 2_000_000 });
    const reader = streamZip(plan, counted, { readAhead }).getReader();
    for (let i = 0; i < 5; i++) await reader.read();
    await setImmediate(); // another would have been opened by now
    // Two are sent, the third has begun, and the four after it have 2,000,000 bytes.
    expect(counted.counts.opened).toHaveLength(3 + 4);
    await reader.cancel();
    expect(counted.counts.open).toBe(0);
  });

  test("reads a large object as parts, in parallel, in order", async () => {
    const { source, plan } = await planOf({ large: patterned(5 * MiB), z: "last" });
    const whole = await collect(streamZip(plan, source));
    const counted = counting(source);
    const readAhead = new ReadAheadPool({ partBytes: MiB, maxBytes: 3 * MiB });
    expect((await collect(streamZip(plan, counted, { readAhead }))).equals(whole)).toBe(true);
    const parts = counted.counts.opened.map(({ key, range }) => `${key}@${range.start / MiB}`);
    expect(parts).toEqual(["large@0", "large@1", "large@2", "large@3", "large@4", "z@0"]);
    expect(counted.counts.mostOpen).toBeGreaterThan(1);
  });

  test.each([
    [undefined, 8 * MiB],
    [4 * MiB, MiB],
    [MiB / 2, MiB / 4],
    [1, 8 * MiB],
    [0, 8 * MiB],
  ])("room for %j bytes makes parts of %i", async (maxBytes, partBytes) => {
    const readAhead = new ReadAheadPool(maxBytes === undefined ? {} : { maxBytes });
    expect(readAhead.partBytes).toBe(partBytes);
    const { source, plan } = await planOf({ large: patterned(3 * MiB), z: "last" });
    const whole = await collect(streamZip(plan, source));
    expect((await collect(streamZip(plan, source, { readAhead }))).equals(whole)).toBe(true);
  });

  test.each([0, -1, Number.NaN])("parts of %d bytes are refused", (partBytes) => {
    expect(() => new ReadAheadPool({ partBytes })).toThrow(RangeError);
  });

  test("each download has an equal share, and makes progress even without one", async () => {
    const { source, plan } = await planOf(objects(12, 200_000));
    const whole = await collect(streamZip(plan, source));
    const counted = counting(source);
    const readAhead = new ReadAheadPool({ maxOpen: 4, maxBytes: 800_000 });
    // Ten downloads that have begun and do not continue.
    const stalled = await Promise.all(
      Array.from({ length: 10 }, async () => {
        const reader = streamZip(plan, counted, { readAhead }).getReader();
        for (let i = 0; i < 4; i++) await reader.read();
        return reader;
      }),
    );
    expect((await collect(streamZip(plan, counted, { readAhead }))).equals(whole)).toBe(true);
    for (const reader of stalled) await reader.cancel();
    expect(counted.counts.open).toBe(0);
    // Their room is free again.
    counted.counts.mostOpen = 0;
    expect((await collect(streamZip(plan, counted, { readAhead }))).equals(whole)).toBe(true);
    expect(counted.counts.mostOpen).toBeGreaterThan(2);
  });

  test("a read that fails ahead fails the download when its turn comes, not before", async () => {
    const { source, plan } = await planOf(objects(3, 2_000_000));
    source.put("02", "changed");
    const stream = streamZip(plan, counting(source));
    let received = 0;
    const reading = (async () => {
      for await (const chunk of stream) received += chunk.length;
    })();
    await expect(reading).rejects.toMatchObject({ code: "changed" });
    expect(received).toBeGreaterThan(4_000_000);
  });
});
