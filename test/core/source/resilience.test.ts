import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { BlobInfo, BlobSource } from "../../../core/blob-source.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import {
  type ResilienceOptions,
  ResilientSource,
} from "../../../core/source/resilience/resilient-source.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { planOf } from "../../support/plans.ts";
import { keysOf } from "../../support/source-contents.ts";
import { counting, intercepting } from "../../support/sources.ts";

const unavailable = () => new ZiplinkError("unavailable", "broken");

/** A resilient source over `source` with very short delays. */
function downloadOf(source: BlobSource, options: ResilienceOptions = {}): BlobSource {
  return new ResilientSource(source, { backoffMs: 1, ...options }).forDownload();
}

async function read(source: BlobSource, blob: BlobInfo, start = 0, end = blob.size) {
  return collect(await source.open(blob, { start, end }));
}

const bytes = patterned(1_000_000);

async function setUp() {
  const { source, plan } = await planOf({ "a.bin": bytes });
  return { source, plan, blob: await source.stat("a.bin") };
}

/** Returns `source` with every read failing by `fail` after `after` bytes. */
function breaking(source: BlobSource, after: number, fail: () => Promise<void> | void): BlobSource {
  return intercepting(source, async function* (chunks) {
    let left = after;
    for await (const chunk of chunks) {
      yield chunk.subarray(0, left);
      left -= chunk.length;
      if (left <= 0) {
        await fail();
        return;
      }
    }
  });
}

describe("a read that breaks", () => {
  test.each<[string, () => void]>([
    [
      "with an error",
      () => {
        throw unavailable();
      },
    ],
    ["by ending early", () => undefined],
  ])("%s resumes at its position, of the same version", async (_, fail) => {
    const { source, blob } = await setUp();
    const counted = counting(breaking(source, 150_000, fail));
    expect((await read(downloadOf(counted), blob)).equals(bytes)).toBe(true);
    const starts = counted.counts.opened.map(({ range }) => range.start);
    expect(starts).toEqual([0, 150_000, 300_000, 450_000, 600_000, 750_000, 900_000]);
    expect(counted.counts.open).toBe(0);
  });

  test("is given up if no more data arrives", async () => {
    const { source, blob } = await setUp();
    const dead = counting(
      intercepting(source, async function* (chunks, _, { start }) {
        if (start > 0) throw unavailable();
        for await (const chunk of chunks) {
          yield chunk;
          throw unavailable();
        }
      }),
    );
    await expect(read(downloadOf(dead, { attempts: 4 }), blob)).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(dead.counts.opened).toHaveLength(4);
    expect(dead.counts.open).toBe(0);
  });

  test("is given up when the download's budget is used up", async () => {
    const { source, blob } = await setUp();
    const counted = counting(breaking(source, 10_000, () => undefined));
    await expect(read(downloadOf(counted, { budget: 30 }), blob)).rejects.toMatchObject({
      code: "unavailable",
    });
    expect(counted.counts.opened).toHaveLength(31);
  });

  test.each(["changed", "not_found", "denied", "corrupt"] as const)(
    "as %s is not tried again",
    async (code) => {
      const { source, blob } = await setUp();
      const counted = counting(
        breaking(source, 10, () => {
          throw new ZiplinkError(code, "no");
        }),
      );
      await expect(read(downloadOf(counted), blob)).rejects.toMatchObject({ code });
      expect(counted.counts.opened).toHaveLength(1);
    },
  );

  test("never mixes versions", async () => {
    const { source, blob } = await setUp();
    const changing = breaking(source, 300_000, () => source.put("a.bin", patterned(1_000_000, 2)));
    await expect(read(downloadOf(changing), blob)).rejects.toMatchObject({ code: "changed" });
  });
});

/** Returns `source` with its first reads yielding one chunk and then hanging until they are aborted. */
function stalling(source: BlobSource, times: number): BlobSource {
  let stalls = times;
  return {
    stat: (key, signal) => source.stat(key, signal),
    list: (prefix, signal) => source.list(prefix, signal),
    async open(blob, range, signal) {
      const chunks = await source.open(blob, range, signal);
      if (stalls-- <= 0) return chunks;
      return (async function* () {
        for await (const chunk of chunks) {
          yield chunk;
          await new Promise((_, reject) => {
            signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
          });
        }
      })();
    },
  };
}

describe("time-outs", () => {
  test("a stalled read is reopened at its position", async () => {
    const { source, blob } = await setUp();
    const counted = counting(stalling(source, 2));
    expect((await read(downloadOf(counted, { timeoutMs: 20 }), blob)).equals(bytes)).toBe(true);
    expect(counted.counts.opened.map(({ range }) => range.start)).toEqual([0, 262_144, 524_288]);
  });

  test("a stalled listing is given up and not waited for", async () => {
    const { source } = await setUp();
    let listings = 0;
    const silent: BlobSource = {
      ...source,
      async *list() {
        listings++;
        await new Promise(() => undefined); // not even an abort wakes it
      },
    };
    const listing = downloadOf(silent, { timeoutMs: 20, attempts: 3 }).list("");
    await expect(listing[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "timeout" });
    expect(listings).toBe(3);
  });

  test("a call that gets no answer is retried", async () => {
    const { source, blob } = await setUp();
    let calls = 0;
    const silent: BlobSource = {
      ...source,
      stat: (key, signal) =>
        calls++ === 0
          ? new Promise((_, reject) => {
              signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
            })
          : source.stat(key, signal),
    };
    expect(await downloadOf(silent, { timeoutMs: 20 }).stat("a.bin")).toEqual(blob);
  });

  test("an idle read is closed, and reopened when the client goes on", async () => {
    const { source, blob } = await setUp();
    const closed = Promise.withResolvers<void>();
    const counted = counting(
      intercepting(source, async function* (chunks) {
        try {
          yield* chunks;
        } finally {
          closed.resolve();
        }
      }),
    );
    // With no budget for failures: being idle is not a failure.
    const download = downloadOf(counted, { timeoutMs: 20, budget: 0 });
    const iterator = (await download.open(blob, { start: 0, end: blob.size }))[
      Symbol.asyncIterator
    ]();
    const parts = [(await iterator.next()).value ?? new Uint8Array()];
    await closed.promise;
    expect(counted.counts.open).toBe(0);
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      parts.push(next.value);
    }
    expect(Buffer.concat(parts).equals(bytes)).toBe(true);
    expect(counted.counts.opened.map(({ range }) => range.start)).toEqual([0, 262_144]);
    expect(counted.counts.open).toBe(0);
  });

  test("a delay ends at once when the client leaves", async () => {
    const { source, blob } = await setUp();
    const abort = new AbortController();
    const failing: BlobSource = {
      ...source,
      open: async () => {
        queueMicrotask(() => abort.abort(new Error("left")));
        throw unavailable();
      },
    };
    const download = downloadOf(failing, { backoffMs: 1e8 });
    const opening = download.open(blob, { start: 0, end: 1 }, abort.signal);
    await expect(opening).rejects.toThrow(/left|aborted/);
  });
});

describe("calls", () => {
  /** Returns `source` with the first `times` calls of each kind failing with `error`. */
  function failingFirst(source: BlobSource, times: number, error: () => Error) {
    const calls = { stat: 0, open: 0, list: 0 };
    const failing: BlobSource = {
      async stat(key, signal) {
        if (calls.stat++ < times) throw error();
        return source.stat(key, signal);
      },
      async open(blob, range, signal) {
        if (calls.open++ < times) throw error();
        return source.open(blob, range, signal);
      },
      async *list(prefix, signal) {
        const call = calls.list++;
        let listed = 0;
        for await (const info of source.list(prefix, signal)) {
          if (call < times && listed++ === call + 1) throw error();
          yield info;
        }
      },
    };
    return { failing, calls };
  }

  test("are retried", async () => {
    const { source, blob } = await setUp();
    const { failing } = failingFirst(source, 3, unavailable);
    expect(await downloadOf(failing).stat("a.bin")).toEqual(blob);
    expect((await read(downloadOf(failing), blob)).equals(bytes)).toBe(true);
  });

  /** Returns `source` with its objects listed in the order of `keys`. */
  function listing(source: BlobSource, keys: readonly string[]): BlobSource {
    return {
      ...source,
      async *list() {
        for (const key of keys) yield await source.stat(key);
      },
    };
  }

  test.each([
    ["in order", ["a", "b", "c", "\u{ffee}", "😀"]],
    ["out of order", ["😀", "c", "a", "\u{ffee}", "b"]],
    ["backwards", ["😀", "\u{ffee}", "c", "b", "a"]],
  ])("a listing %s that breaks yields every object once", async (_, keys) => {
    const { source } = await planOf({ a: "1", b: "2", c: "3", "😀": "4", "\u{ffee}": "5" });
    const { failing, calls } = failingFirst(listing(source, keys), 4, unavailable);
    expect(await keysOf(downloadOf(failing))).toEqual(keys);
    expect(calls.list).toBe(5);
  });

  test("a listing that is in another order after it broke yields every object once", async () => {
    const { source } = await planOf({ a: "1", b: "2", c: "3", d: "4" });
    const orders = [
      ["d", "b"],
      ["a", "d"],
      ["c", "b", "a", "d"],
    ];
    const breaking: BlobSource = {
      ...source,
      async *list() {
        yield* listing(source, orders.shift() ?? []).list("");
        if (orders.length > 0) throw unavailable();
      },
    };
    expect((await keysOf(downloadOf(breaking))).sort()).toEqual(["a", "b", "c", "d"]);
  });

  test("a listing of more keys than are remembered is not restarted", async () => {
    const { source, blob } = await setUp();
    let listings = 0;
    const huge: BlobSource = {
      ...source,
      async *list() {
        listings++;
        const end = "k".repeat(1000);
        for (let i = 0; i < 40_000; i++) yield { ...blob, key: `${i}${end}` };
        throw unavailable();
      },
    };
    let yielded = 0;
    const reading = (async () => {
      for await (const _ of downloadOf(huge).list("")) yielded++;
    })();
    await expect(reading).rejects.toMatchObject({ code: "unavailable" });
    expect({ listings, yielded }).toEqual({ listings: 1, yielded: 40_000 });
  });

  test("a listing with an object that is not described is corrupt, at once", async () => {
    const { source, blob } = await setUp();
    const keyless = { ...blob, key: undefined } as unknown as BlobInfo;
    const { failing, calls } = failingFirst(
      {
        ...source,
        async *list() {
          yield keyless;
        },
      },
      0,
      unavailable,
    );
    await expect(keysOf(downloadOf(failing))).rejects.toMatchObject({ code: "corrupt" });
    expect(calls.list).toBe(1);
  });

  test.each([1, 5, 60_000, 120_000, 2 ** 31 * 1000])(
    "Retry-After of %i ms is heeded, up to the longest wait",
    async (retryAfterMs) => {
      const { source, blob } = await setUp();
      const slowDown = () => new ZiplinkError("throttled", "slow down", { retryAfterMs });
      const { failing, calls } = failingFirst(source, 2, slowDown);
      const download = downloadOf(failing, { maxRetryAfterMs: 5 });
      expect(await download.stat("a.bin")).toEqual(blob);
      expect((await read(download, blob)).equals(bytes)).toBe(true);
      expect(calls).toMatchObject({ stat: 3, open: 3 });
    },
  );

  test("a store that asks for long waits again and again is given up", async () => {
    const { source } = await setUp();
    const slowDown = () => new ZiplinkError("throttled", "slow down", { retryAfterMs: 120_000 });
    const { failing, calls } = failingFirst(source, 100, slowDown);
    const options = { maxRetryAfterMs: 1, attempts: 4 };
    await expect(downloadOf(failing, options).stat("a.bin")).rejects.toMatchObject({
      code: "throttled",
      retryAfterMs: 120_000,
    });
    expect(calls.stat).toBe(4);
  });

  test("permanent failures are not retried", async () => {
    const { source } = await setUp();
    const { failing, calls } = failingFirst(source, 2, () => new TypeError("a defect"));
    await expect(downloadOf(failing).stat("a.bin")).rejects.toThrow("a defect");
    expect(calls.stat).toBe(1);
  });
});

describe("the circuit breaker", () => {
  test("blocks calls to a store that is down, and lets a probe through after a while", async () => {
    // The breaker goes by the clock, which stands still until the test moves it.
    vi.useFakeTimers({ toFake: ["Date", "performance"] });
    onTestFinished(() => void vi.useRealTimers());
    const { source, blob } = await setUp();
    let calls = 0;
    let isDown = true;
    const store = new ResilientSource(
      {
        ...source,
        async stat(key, signal) {
          calls++;
          if (isDown) throw unavailable();
          return source.stat(key, signal);
        },
      },
      { backoffMs: 1, attempts: 3, breakAfter: 6, halfOpenAfterMs: 30 },
    );
    for (let i = 0; i < 5; i++) {
      await expect(store.forDownload().stat("a.bin")).rejects.toMatchObject({
        code: "unavailable",
      });
    }
    // Fifteen attempts by five downloads; only the first six reached the store.
    expect(calls).toBe(6);
    isDown = false;
    vi.advanceTimersByTime(29);
    await expect(store.forDownload().stat("a.bin")).rejects.toMatchObject({ code: "unavailable" });
    expect(calls).toBe(6);
    vi.setSystemTime(Date.now() - 3_600_000); // whoever sets the clock back keeps nobody waiting
    vi.advanceTimersByTime(1);
    expect(await store.forDownload().stat("a.bin")).toEqual(blob);
    expect(calls).toBe(7);
  });

  test.each(["at once", "at its second step"])(
    "blocks calls to a store whose listings fail %s",
    async (when) => {
      const { source } = await planOf({ a: "1", b: "2" });
      let calls = 0;
      const failing: BlobSource = {
        ...source,
        async *list(prefix, signal) {
          calls++;
          if (when === "at its second step") {
            for await (const info of source.list(prefix, signal)) {
              yield info;
              break;
            }
          }
          throw unavailable();
        },
      };
      const options = { backoffMs: 1, attempts: 1, breakAfter: 1, halfOpenAfterMs: 1e8 };
      const store = new ResilientSource(failing, options);
      for (let i = 0; i < 3; i++) {
        const listing = (async () => {
          for await (const _ of store.forDownload().list(""));
        })();
        await expect(listing).rejects.toMatchObject({ code: "unavailable" });
      }
      expect(calls).toBe(1);
    },
  );

  /** A source whose breaker is open until the probe that has just begun is answered. */
  async function probed() {
    const { source, blob } = await setUp();
    const probe = Promise.withResolvers<BlobInfo>();
    let calls = 0;
    const failing: BlobSource = {
      ...source,
      async stat() {
        if (calls++ === 0) throw unavailable();
        return probe.promise;
      },
    };
    const options = { attempts: 1, breakAfter: 1, halfOpenAfterMs: 0 };
    const store = new ResilientSource(failing, options);
    await expect(store.forDownload().stat("a.bin")).rejects.toThrow("broken");
    const leaving = new AbortController();
    const probing = store.forDownload().stat("a.bin", leaving.signal);
    return { store, blob, probe, probing, leaving, calls: () => calls };
  }

  test("a client that waits for the probe may leave, and then makes no call", async () => {
    const { store, blob, probe, probing, calls } = await probed();
    const leaving = new AbortController();
    const waiting = store.forDownload().stat("a.bin", leaving.signal);
    const outcome = Promise.race([waiting, new Promise(setImmediate)]);
    leaving.abort(new Error("left"));
    await expect(outcome).rejects.toThrow("left");
    probe.resolve(blob);
    expect(await probing).toEqual(blob);
    await new Promise(setImmediate);
    expect(calls()).toBe(2);
  });

  test("a call that has begun is waited for, even if its client has left", async () => {
    const { blob, probe, probing, leaving } = await probed();
    leaving.abort(new Error("left"));
    await new Promise(setImmediate);
    probe.resolve(blob);
    expect(await probing).toEqual(blob);
  });

  test("permanent failures do not open it", async () => {
    const { source } = await setUp();
    const store = new ResilientSource(source, { breakAfter: 2 });
    for (let i = 0; i < 5; i++) {
      await expect(store.forDownload().stat("missing")).rejects.toMatchObject({
        code: "not_found",
      });
    }
    expect((await store.forDownload().stat("a.bin")).size).toBe(bytes.length);
  });
});

test("an archive arrives whole from a store that breaks every 70,000 bytes", async () => {
  const { source, plan } = await planOf({ "a.bin": bytes, b: patterned(500_000, 2), c: "small" });
  const whole = await collect(streamZip(plan, source));
  const counted = counting(breaking(source, 70_000, () => undefined));
  expect((await collect(streamZip(plan, downloadOf(counted)))).equals(whole)).toBe(true);
  expect(counted.counts.open).toBe(0);
  expect(counted.counts.opened.length).toBeGreaterThan(20);
});
