import { setImmediate as turn } from "node:timers/promises";
import { describe, expect, test, vi } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import type { BlobInfo, BlobSource } from "../../../core/blob-source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { deflatedBytes } from "../../../core/deflate/deflated-bytes.ts";
import { DeflatingZip } from "../../../core/deflate/deflating-zip.ts";
import {
  MAX_DEFLATED_BYTES,
  MAX_DEFLATED_ENTRIES,
  maxDeflatedLength,
} from "../../../core/deflate/limits.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { ReadAheadPool } from "../../../core/streaming/read-ahead-pool.ts";
import { defaultZipFormat } from "../../../core/zip/format.ts";
import { collect, sha256 } from "../../support/bytes.ts";
import { incompressible, jpegLike, prose } from "../../support/contents.ts";
import { download, open, readToEnd } from "../../support/download.ts";
import { codeOf } from "../../support/error-codes.ts";
import { handlerOf } from "../../support/handlers.ts";
import { serve } from "../../support/serving.ts";
import { counting, failing, intercepting } from "../../support/sources.ts";

const MiB = 1024 * 1024;
const modified = new Date("2024-02-29T12:34:57Z");

/** A file that shrinks, one that is framed, one that is stored, and one that does not shrink. */
const files = {
  "a.txt": prose(1.5 * MiB),
  "b.jpg": jpegLike(1.5 * MiB),
  "c.jpg": jpegLike(MiB / 2, 2),
  "d.bin": incompressible(1.5 * MiB, 3),
};
const request = {
  entries: Object.keys(files).map((key) => ({ key })),
  compression: "deflate",
} as const;

function memory() {
  const source = createMemorySource();
  for (const [key, bytes] of Object.entries(files)) source.put(key, { bytes, modified });
  return source;
}

const DIRECTORY = "PK\x01\x02";

describe("over HTTP", () => {
  test("the archive is sent in chunks and whole, as its headers say", async () => {
    const source = memory();
    const { url } = await serve(source);
    const at = await url(request);
    const plan = await planArchive(request, source);
    const expected = sha256(await collect(streamZip(plan, source)));
    for (const headers of [
      {},
      { range: "bytes=100-" },
      { range: "bytes=0-0" },
      { range: "bytes=-5" },
    ]) {
      const whole = await download(at, { headers });
      expect([whole.status, whole.complete]).toEqual([200, true]);
      expect(sha256(whole.bytes)).toBe(expected);
      expect(whole.headers).toMatchObject({
        "content-type": "application/zip",
        "transfer-encoding": "chunked",
        "accept-ranges": "none",
        etag: expect.stringMatching(/^W\/"[\w-]{27}"$/),
        "last-modified": modified.toUTCString(),
        "x-content-type-options": "nosniff",
      });
      for (const name of ["content-length", "content-range", "ziplink-length"]) {
        expect(whole.headers).not.toHaveProperty(name);
      }
    }
  });

  test("HEAD has the same headers and reads nothing", async () => {
    const source = counting(memory());
    const { url } = await serve(source);
    const at = await url(request);
    const { date: _, "transfer-encoding": __, ...get } = (await download(at)).headers;
    source.counts.opened.length = 0;
    const head = await download(at, { method: "HEAD" });
    const { date: ___, "transfer-encoding": ____, ...headers } = head.headers;
    expect(head.status).toBe(200);
    expect(headers).toEqual(get);
    expect(source.counts.opened).toEqual([]);
  });

  test("preconditions compare its tag as a weak one", async () => {
    const { get } = handlerOf(memory());
    const etag = (await get(request, { method: "HEAD" })).headers.get("etag") ?? "";
    const strong = etag.slice(2);
    const status = async (headers: Record<string, string>) => {
      const response = await get(request, { headers });
      await response.body?.cancel();
      return response.status;
    };
    expect(await status({ "If-None-Match": etag })).toBe(304);
    expect(await status({ "If-None-Match": strong })).toBe(304);
    expect(await status({ "If-None-Match": '"other"' })).toBe(200);
    // RFC 9110, 13.1.1: a weak tag never matches here.
    expect(await status({ "If-Match": etag })).toBe(412);
    expect(await status({ "If-Match": strong })).toBe(412);
    expect(await status({ "If-Match": "*" })).toBe(200);
    for (const tag of [etag, strong]) {
      expect(await status({ "If-Range": tag, Range: "bytes=5-" })).toBe(200);
    }
  });

  test("its description has no length, but the tag for pinning it", async () => {
    const source = memory();
    const { get } = handlerOf(source, {
      responseLimits: { maxResponseBytes: 1e9, maxFixedLength: 1e9 },
    });
    const description = await (await get(request, {}, "?format=json")).json();
    expect(description).toMatchObject({ compression: "deflate", length: null, slice: null });
    const { etag } = description as { etag: string };
    const stored = await (
      await get({ ...request, compression: "store" }, {}, "?format=json")
    ).json();
    expect(stored).toMatchObject({ compression: "store", length: expect.any(Number), slice: 1e9 });
    expect(stored).not.toMatchObject({ etag });

    const pinned = { ...request, etag };
    const response = await get(pinned, { method: "HEAD" });
    expect([response.status, response.headers.get("etag")]).toEqual([200, `W/${etag}`]);
    source.put("a.txt", "other");
    expect((await get(pinned)).status).toBe(412);
  });

  test("errors before the first byte are reported by a status", async () => {
    const error = new ZiplinkError("unavailable", "the store broke");
    const { get, events } = handlerOf(failing(memory(), "a.txt", 0, error));
    expect((await get(request)).status).toBe(503);
    expect(events).toMatchObject([{ event: "request_refused", status: 503 }]);
  });

  test.each(Object.keys(files).slice(1))("a failure in %s breaks the connection", async (key) => {
    const error = new ZiplinkError("denied", "the store broke");
    const source = counting(failing(memory(), key, files["c.jpg"].length - 1, error));
    const { url, events } = await serve(source);
    const { status, complete, bytes } = await download(await url(request));
    expect([status, complete]).toEqual([200, false]);
    expect(bytes.indexOf(DIRECTORY)).toBe(-1);
    await vi.waitFor(() => expect(events).toHaveLength(2));
    const firstByteMs = expect.any(Number);
    expect(events[0]).toEqual({ event: "download_started", link: "l", entries: 4, firstByteMs });
    expect(events[1]).toMatchObject({ outcome: "failed", failure: { code: "denied" } });
    expect(source.counts.open).toBe(0);
  });

  test("everything is closed when the client leaves", async () => {
    const source = counting(memory());
    const readAhead = new ReadAheadPool();
    const { url, events } = await serve(source, { readAhead });
    for (let i = 0; i < 20; i++) {
      const { body } = await open(await url(request));
      if (i % 2 === 0) for await (const _ of body) break; // in the middle
      body.destroy();
    }
    await vi.waitFor(() => expect(events).toHaveLength(40));
    const ended = events.filter(({ event }) => event === "download_ended");
    expect(ended.map((event) => "outcome" in event && event.outcome)).toEqual(
      Array(20).fill("aborted"),
    );
    expect(source.counts.open).toBe(0);
    // All the room is free again: a single share can take all of it.
    const share = readAhead.join();
    expect(share.tryTake(32 * MiB)).toBe(true);
  });

  test("many downloads at a time, half of which are cancelled", async () => {
    const source = counting(memory());
    const { url, events } = await serve(source);
    const at = await url(request);
    const expected = sha256((await download(at)).bytes);
    const downloads = Array.from({ length: 16 }, async (_, i) => {
      const response = await open(at);
      if (i % 2 === 0) return sha256((await readToEnd(response)).bytes);
      for await (const _ of response.body) break;
      response.body.destroy();
      return "left";
    });
    const results = await Promise.all(downloads);
    expect(results).toEqual(results.map((_, i) => (i % 2 === 0 ? expected : "left")));
    await vi.waitFor(() => expect(events).toHaveLength(34));
    expect(source.counts.open).toBe(0);
  });
});

describe("streamZip", () => {
  test("produces the same bytes each time", async () => {
    const source = memory();
    const plan = await planArchive(request, source);
    const first = await collect(streamZip(plan, source));
    expect(sha256(await collect(streamZip(plan, source)))).toBe(sha256(first));
    expect(first.length).toBeLessThan(maxDeflatedLength(plan));
  });

  test("has no ranges", async () => {
    const source = memory();
    const plan = await planArchive(request, source);
    for (const range of [{ start: 0 }, { end: 10 }, { start: 1, end: 2 }]) {
      expect(() => streamZip(plan, source, range)).toThrow(/no ranges/);
    }
  });

  test("opens nothing before the first read, and no more than it needs", async () => {
    const many = createMemorySource();
    for (let i = 0; i < 200; i++) many.put(`${i}.jpg`, jpegLike(MiB / 2, i));
    const plan = await planArchive({ prefix: "", compression: "deflate" }, many);
    const counted = counting(many);
    const reader = streamZip(plan, counted).getReader();
    await turn();
    expect(counted.counts.opened).toEqual([]);
    await reader.read();
    for (let i = 0; i < 50; i++) await turn();
    // Those that are read ahead, and a few more in progress.
    expect(counted.counts.opened.length).toBeLessThan(80);
    await reader.cancel();
    expect(counted.counts.open).toBe(0);
  });

  test("aborting its signal errors the stream and closes what is open", async () => {
    const source = counting(memory());
    const plan = await planArchive(request, source);
    const abort = new AbortController();
    const reader = streamZip(plan, source, { signal: abort.signal }).getReader();
    await reader.read();
    abort.abort(new Error("left"));
    await expect(reader.read()).rejects.toThrow("left");
    expect(source.counts.open).toBe(0);
  });

  test.each(Object.keys(files))("fails on too few, too many or wrong bytes of %s", async (key) => {
    const plain = memory();
    const short = intercepting(plain, async function* (chunks, blob) {
      let left = blob.size - (blob.key === key ? 1 : 0);
      for await (const chunk of chunks) {
        yield chunk.subarray(0, left);
        left -= chunk.length;
      }
    });
    const long = intercepting(plain, async function* (chunks, blob) {
      yield* chunks;
      if (blob.key === key) yield Buffer.from("x");
    });
    const plan = await planArchive(request, plain);
    const wrong = {
      ...request,
      entries: request.entries.map((entry) =>
        entry.key === key
          ? { ...entry, crc32: crc32(files[entry.key as keyof typeof files]) ^ 1 }
          : entry,
      ),
    };
    const cases: [BlobSource, typeof plan][] = [
      [short, plan],
      [long, plan],
      [plain, await planArchive(wrong, plain)],
    ];
    for (const [source, planned] of cases) {
      const counted = counting(source);
      const parts: Uint8Array[] = [];
      const reading = (async () => {
        for await (const part of streamZip(planned, counted)) parts.push(part);
      })();
      expect(await codeOf(reading)).toBe("corrupt");
      expect(Buffer.concat(parts).indexOf(DIRECTORY)).toBe(-1);
      expect(counted.counts.open).toBe(0);
    }
  });
});

test("destroying zip-stream destroys its current source", async () => {
  const sources: { destroyed: boolean }[] = [];
  const deflating: { destroyed: boolean }[] = [];
  vi.spyOn(DeflatingZip.prototype, "append").mockImplementation(function (
    this: DeflatingZip,
    ...args
  ) {
    if ("destroyed" in args[1]) sources.push(args[1]);
    return append.apply(this, args);
  });
  vi.spyOn(DeflatingZip.prototype, "_smartStream").mockImplementation(function (
    this: DeflatingZip,
    ...args
  ) {
    const stream = smartStream.apply(this, args);
    deflating.push(stream);
    return stream;
  });
  try {
    const source = memory();
    const plan = await planArchive(request, source);
    for (let i = 0; i < 5; i++) {
      const reader = streamZip(plan, source).getReader();
      for (let reads = 0; reads <= i; reads++) await reader.read();
      await reader.cancel();
    }
  } finally {
    vi.restoreAllMocks();
  }
  expect(deflating.length).toBeGreaterThanOrEqual(5);
  expect(deflating.every(({ destroyed }) => destroyed)).toBe(true);
  expect(sources).toHaveLength(deflating.length);
  expect(sources.every(({ destroyed }) => destroyed)).toBe(true);
});
const { append, _smartStream: smartStream } = DeflatingZip.prototype;

test("deflatedBytes can be cancelled while a picture is being read", async () => {
  let opened = 0;
  const few = createMemorySource({ "a.bin": incompressible(70_000), "c.jpg": files["c.jpg"] });
  const stalling = intercepting(few, async function* (chunks, blob, _, signal) {
    if (blob.key !== "c.jpg") return yield* chunks;
    opened++;
    await new Promise((_resolve, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
  });
  const plan = await planArchive({ prefix: "", compression: "deflate" }, stalling);
  const readAhead = new ReadAheadPool({ maxOpen: 0 });
  const bytes = deflatedBytes(plan, stalling, readAhead, new AbortController().signal);
  await bytes.next();
  while (opened === 0) await turn();
  await bytes.return();
  expect(opened).toBe(1);
});

describe("limits", () => {
  /** A source of empty objects, except for the first, which has the given size. */
  const store = (count: number, size = 0): BlobSource => ({
    ...createMemorySource(),
    async *list() {
      for (let i = 0; i < count; i++) {
        const info: BlobInfo = { key: `${i}`, size: i === 0 ? size : 0, version: "1", modified };
        yield info;
      }
    },
  });
  const plan = (source: BlobSource, compression: "store" | "deflate" = "deflate") =>
    planArchive({ prefix: "", compression }, source);

  test("allow as many entries as need no ZIP64", async () => {
    expect((await plan(store(MAX_DEFLATED_ENTRIES))).entries).toHaveLength(65_534);
    await expect(plan(store(65_535))).rejects.toMatchObject({
      code: "not_deflatable",
      status: 422,
      message:
        'A compressed archive can hold at most 65,534 files; this one would hold 65,535. Use "compression": "store" for it.',
      details: { limit: 65_534, total: 65_535 },
    });
    expect((await plan(store(65_535), "store")).entries).toHaveLength(65_535);
  });

  test("allow as many bytes as need no ZIP64", async () => {
    let fits = 0;
    let size = MAX_DEFLATED_BYTES;
    while (size - fits > 1) {
      const middle = Math.floor((fits + size) / 2);
      if ((await codeOf(plan(store(1, middle)))) === "resolved") fits = middle;
      else size = middle;
    }
    expect(maxDeflatedLength(await plan(store(1, fits)))).toBeLessThanOrEqual(0xfffffffe);
    expect(fits).toBeGreaterThan(0.998 * 2 ** 32);
    await expect(plan(store(1, size))).rejects.toMatchObject({
      code: "not_deflatable",
      status: 422,
      message: expect.stringMatching(/at most 4\.3 GB.*Use "compression": "store"/),
    });
    expect((await plan(store(1, 5 * 2 ** 30), "store")).entries).toHaveLength(1);
  });

  test("apply to a plan made by hand too", async () => {
    const { entries } = await plan(store(1, 5 * 2 ** 30), "store");
    const format = { ...defaultZipFormat, compression: "deflate" } as const;
    const reading = collect(streamZip({ entries, format }, store(1)));
    expect(await codeOf(reading)).toBe("not_deflatable");
  });

  test("refuse a name that zip-stream would alter", async () => {
    const source = memory();
    const { entries } = await planArchive({ entries: [{ key: "a.txt" }] }, source);
    const format = { ...defaultZipFormat, compression: "deflate" } as const;
    for (const name of ["C:a.txt", "../a.txt", "a\\b"]) {
      const named = { entries: entries.map((entry) => ({ ...entry, name })), format };
      expect(await codeOf(collect(streamZip(named, source)))).toBe("internal");
    }
  });

  test("are reported by 422 and 413, which say what to do instead", async () => {
    const { get } = handlerOf(store(1, 5 * 2 ** 30), {
      limits: { maxEntries: 1e6, maxBytes: 1e12 },
    });
    const tooLarge = await get({ prefix: "", compression: "deflate" });
    expect(tooLarge.status).toBe(422);
    expect(await tooLarge.json()).toMatchObject({
      code: "not_deflatable",
      title: "Unprocessable Content",
    });

    const source = counting(memory());
    const responseLimits = { maxResponseBytes: 4 * MiB, maxFixedLength: Infinity };
    const limited = handlerOf(source, { responseLimits });
    const response = await limited.get(request);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      code: "too_large",
      limit: 4 * MiB,
      detail: expect.stringMatching(/as large as 5\.\d MB.*4\.2 MB.*Use "compression": "store"/),
    });
    expect((await limited.get(request, { method: "HEAD" })).status).toBe(413);
    const fitting = handlerOf(source, {
      responseLimits: { ...responseLimits, maxResponseBytes: 6 * MiB },
    });
    expect((await fitting.get(request, { method: "HEAD" })).status).toBe(200);
    expect(source.counts.opened).toEqual([]);
    expect((await fitting.get(request)).status).toBe(200);
  });
});
