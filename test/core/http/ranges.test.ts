import { describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { createCrcKnowledge } from "../../../core/crc/crc-knowledge.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { defaultZipFormat } from "../../../core/zip/format.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { handlerOf } from "../../support/handlers.ts";
import { modified, planOf } from "../../support/plans.ts";
import { counting } from "../../support/sources.ts";

const format = { ...defaultZipFormat, smallEntryBytes: 50, blockBytes: 64 };
const known = patterned(300, 1);
const objects = {
  "a-first.txt": { bytes: known, crc32: crc32(known) },
  "b-second.bin": patterned(700, 2),
  "c-third.txt": "small",
};
const everything = { prefix: "" };
const httpDate = modified.toUTCString();

async function setUp(responseLimits?: { maxResponseBytes: number; maxFixedLength: number }) {
  const { source, plan } = await planOf(objects, format);
  const handler = handlerOf(source, { format, ...(responseLimits ? { responseLimits } : {}) });
  const token = await handler.sign(everything);
  const whole = await collect(streamZip(plan, source));
  const fetchRange = (range: string, headers: Record<string, string> = {}) =>
    handler.send(token, { headers: { Range: range, ...headers } });
  return { ...handler, token, source, whole, layout: layoutZip(plan), fetchRange };
}

const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe("ranges that users of nginx and mod_zip ask for", () => {
  test('"bytes=0-1" is PK', async () => {
    const { fetchRange } = await setUp();
    const response = await fetchRange("bytes=0-1");
    expect(response.status).toBe(206);
    expect((await bytesOf(response)).toString()).toBe("PK");
  });

  test("inside a name, inside one file, across two, to the end, the last bytes", async () => {
    const { fetchRange, whole, layout } = await setUp();
    const [, second = 0, third = 0] = layout.localOffsets;
    const name = whole.indexOf("second.bin");
    const end = whole.length - 1;
    const ranges: [string, number, number][] = [
      [`bytes=${name}-${name + 5}`, name, name + 6],
      [`bytes=${second + 200}-${second + 500}`, second + 200, second + 501],
      [`bytes=${second - 20}-${third + 40}`, second - 20, third + 41],
      [`bytes=${third}-`, third, whole.length],
      [`bytes=${end}-`, end, whole.length],
      ["bytes=-22", whole.length - 22, whole.length],
      [`bytes=-${whole.length * 2}`, 0, whole.length],
      [`bytes=${second}-${whole.length * 2}`, second, whole.length],
    ];
    for (const [range, start, stop] of ranges) {
      const response = await fetchRange(range);
      expect(response.status, range).toBe(206);
      expect(response.headers.get("content-range")).toBe(
        `bytes ${start}-${stop - 1}/${whole.length}`,
      );
      expect(response.headers.get("content-length")).toBe(String(stop - start));
      expect(response.headers.get("etag")).toBe(layout.etag);
      expect((await bytesOf(response)).equals(whole.subarray(start, stop)), range).toBe(true);
    }
  });

  test("beyond the end: 416, which states the length", async () => {
    const { fetchRange, whole } = await setUp();
    for (const range of [`bytes=${whole.length}-`, "bytes=-0", `bytes=${2 ** 60}-`]) {
      const response = await fetchRange(range);
      expect(response.status, range).toBe(416);
      expect(response.headers.get("content-range")).toBe(`bytes */${whole.length}`);
      expect(await response.json()).toMatchObject({
        code: "range_not_satisfiable",
        length: whole.length,
      });
    }
  });

  test("several at once, or invalid: the whole archive", async () => {
    const { fetchRange, whole } = await setUp();
    for (const range of ["bytes=0-1,5-9", "bytes=9-5", "bytes=x", "items=0-1"]) {
      const response = await fetchRange(range);
      expect(response.status, range).toBe(200);
      expect((await bytesOf(response)).equals(whole)).toBe(true);
    }
  });

  test.each([
    ["by tag", false],
    ["by tag or, on a pinned link, by date", true],
  ])("If-Range: the range if the archive is the same, %s, else the whole", async (_, isPinned) => {
    const { sign, send, layout, whole } = await setUp();
    const token = await sign(isPinned ? { ...everything, etag: layout.etag } : everything);
    const status = async (ifRange: string) => {
      const response = await send(token, { headers: { Range: "bytes=5-", "If-Range": ifRange } });
      expect((await bytesOf(response)).length).toBe(
        whole.length - (response.status === 206 ? 5 : 0),
      );
      return response.status;
    };
    expect(await status(layout.etag)).toBe(206);
    expect(await status(httpDate)).toBe(isPinned ? 206 : 200);
    expect(await status('"other"')).toBe(200);
    expect(await status(`W/${layout.etag}`)).toBe(200);
    expect(await status("Thu, 29 Feb 2024 12:34:56 GMT")).toBe(200);
    expect(await status("Thu, 29 Feb 2024 12:34:58 GMT")).toBe(200);
  });

  test("a HEAD describes the whole archive", async () => {
    const { send, token, whole } = await setUp();
    const response = await send(token, { method: "HEAD", headers: { Range: "bytes=0-1" } });
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBe(String(whole.length));
  });

  test("a small archive can be cut in two anywhere", async () => {
    const { fetchRange, whole } = await setUp();
    for (let cut = 1; cut < whole.length; cut++) {
      const head = await bytesOf(await fetchRange(`bytes=0-${cut - 1}`));
      const tail = await bytesOf(await fetchRange(`bytes=${cut}-`));
      expect(Buffer.concat([head, tail]).equals(whole), `cut at ${cut}`).toBe(true);
    }
  });
});

describe("a changed archive", () => {
  const changed = { bytes: patterned(700, 3), modified: new Date("2024-03-01T00:00:00Z") };

  test("has another tag; If-Range gives the whole new archive, If-Match refuses", async () => {
    const { source, token, send, fetchRange, layout } = await setUp();
    source.put("b-second.bin", changed);
    const response = await fetchRange("bytes=100-", { "If-Range": layout.etag });
    expect(response.status).toBe(200);
    expect(response.headers.get("etag")).not.toBe(layout.etag);
    const bytes = await bytesOf(response);
    expect(bytes.length).toBe(layout.length);
    expect(bytes.includes(changed.bytes.subarray(0, 50))).toBe(true);
    const refused = await send(token, { headers: { "If-Match": layout.etag } });
    expect(refused.status).toBe(412);
  });

  test("is not taken for the same by its date if only an older object has changed", async () => {
    const { source, fetchRange, send, token } = await setUp();
    const older = new Date(modified.getTime() - 86_400_000);
    source.put("b-second.bin", { bytes: patterned(700, 3), modified: older });
    const response = await fetchRange("bytes=100-", { "If-Range": httpDate });
    expect(response.headers.get("last-modified")).toBe(httpDate);
    expect(response.status).toBe(200);
    const since = await send(token, { headers: { "If-Modified-Since": httpDate } });
    expect(since.status).toBe(200);
  });

  test.each(["GET", "HEAD"])(
    "is refused with 412 for %s on a pinned link, in every form",
    async (method) => {
      const { source, sign, send, layout } = await setUp();
      const token = await sign({ ...everything, etag: layout.etag });
      const forms: [RequestInit, string][] = [
        [{ method }, ""],
        [{ method }, "?format=json"],
        [{ method, headers: { Range: "bytes=100-" } }, ""],
        [{ method, headers: { Range: "bytes=100-", "If-Range": layout.etag } }, ""],
      ];
      for (const [init, query] of forms) {
        expect((await send(token, init, query)).ok, `${query} before`).toBe(true);
      }
      source.put("b-second.bin", changed);
      for (const [init, query] of forms) {
        const response = await send(token, init, query);
        expect(response.status).toBe(412);
        const { detail } = (await response.json()) as { detail: string };
        expect(detail).toBe(
          "The contents have changed since this link was made. Ask for a new link.",
        );
      }
      // A link that is not pinned gives the new contents.
      expect((await send(await sign(everything), { method })).status).toBe(200);
    },
  );

  test("a link pinned to an invalid tag is malformed", async () => {
    const { send, source } = await setUp();
    const { sign } = handlerOf(source);
    await expect(sign({ ...everything, etag: "no quotes" })).rejects.toMatchObject({
      code: "malformed",
    });
    expect((await send("x")).status).toBe(401);
  });
});

describe("plans are reused for a short while", () => {
  test("so that many slices list once", async () => {
    const { source: plain } = await planOf(objects);
    const source = counting(plain);
    const { sign, send } = handlerOf(source, { cacheSeconds: 60 });
    const token = await sign(everything);
    await Promise.all(Array.from({ length: 5 }, async () => (await send(token)).arrayBuffer()));
    for (let i = 0; i < 5; i++) await (await send(token)).arrayBuffer();
    expect(source.counts.lists).toBe(1);
    await (await send(await sign({ ...everything, name: "other" }))).arrayBuffer();
    expect(source.counts.lists).toBe(2);
  });

  test("but not once an object turns out to have changed", async () => {
    const { source } = await planOf(objects);
    const { sign, send } = handlerOf(source, { cacheSeconds: 60 });
    const token = await sign(everything);
    const before = await send(token);
    await before.arrayBuffer();
    source.put("a-first.txt", "new");
    // The first object is gone before any byte is sent: planned anew, and the client does not notice.
    const after = await send(token);
    expect(after.status).toBe(200);
    expect(after.headers.get("etag")).not.toBe(before.headers.get("etag"));
    await after.arrayBuffer();
  });

  test("and a change after the first bytes breaks the download, once", async () => {
    const source = createMemorySource({ a: patterned(2_000_000), b: "old" });
    const { sign, send } = handlerOf(source, { cacheSeconds: 60 });
    const token = await sign(everything);
    await (await send(token)).arrayBuffer();
    source.put("b", "new");
    await expect((await send(token)).arrayBuffer()).rejects.toThrow();
    expect((await send(token)).ok).toBe(true);
  });

  test("a failure is not cached", async () => {
    const source = createMemorySource();
    const { sign, send } = handlerOf(source, { cacheSeconds: 60 });
    const token = await sign(everything);
    expect((await send(token)).status).toBe(404);
    source.put("a", "there now");
    expect((await send(token)).status).toBe(200);
  });
});

describe("limits of a platform", () => {
  test("a longer range is answered with its first part, and slices add up", async () => {
    const { fetchRange, whole } = await setUp({ maxResponseBytes: 100, maxFixedLength: Infinity });
    const parts: Buffer[] = [];
    for (let at = 0; at < whole.length; ) {
      const response = await fetchRange(`bytes=${at}-`);
      expect(response.status).toBe(206);
      const bytes = await bytesOf(response);
      expect(bytes.length).toBe(Math.min(100, whole.length - at));
      expect(response.headers.get("content-range")).toBe(
        `bytes ${at}-${at + bytes.length - 1}/${whole.length}`,
      );
      parts.push(bytes);
      at += bytes.length;
    }
    expect(Buffer.concat(parts).equals(whole)).toBe(true);
    expect((await bytesOf(await fetchRange("bytes=-300"))).equals(whole.subarray(-300, -200))).toBe(
      true,
    );
  });

  test("a whole archive that is too long gets 413, which says how to continue", async () => {
    const { send, token, whole, layout } = await setUp({
      maxResponseBytes: 1000,
      maxFixedLength: Infinity,
    });
    const response = await send(token);
    expect(response.status).toBe(413);
    expect(response.headers.get("accept-ranges")).toBe("bytes");
    expect(response.headers.get("ziplink-length")).toBe(String(whole.length));
    expect(await response.json()).toMatchObject({
      detail: `This archive has 1.4 KB; a response can have at most 1.0 KB here. Ask for it in ranges of up to 1000 bytes, beginning with "Range: bytes=0-999".`,
      limit: 1000,
      total: whole.length,
      slice: 1000,
    });
    const stale = { headers: { Range: "bytes=5-", "If-Range": '"other"' } };
    expect((await send(token, stale)).status).toBe(413);
    const head = await send(token, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, String(whole.length)]);
    const json = await (await send(token, {}, "?format=json")).json();
    expect(json).toMatchObject({ slice: 1000, length: whole.length, etag: layout.etag });
  });

  test("an archive of exactly the limit is sent whole", async () => {
    const { whole } = await setUp();
    const { send, token } = await setUp({
      maxResponseBytes: whole.length,
      maxFixedLength: Infinity,
    });
    expect((await send(token)).status).toBe(200);
    const json = await (
      await handlerOf(createMemorySource({ a: "" })).get(everything, {}, "?format=json")
    ).json();
    expect(json).toMatchObject({ slice: null });
  });

  test("above maxFixedLength there is no Content-Length, but Ziplink-Length", async () => {
    const { send, token, fetchRange, whole } = await setUp({
      maxResponseBytes: Infinity,
      maxFixedLength: 500,
    });
    const response = await send(token);
    expect(response.status).toBe(200);
    expect(response.headers.get("content-length")).toBeNull();
    expect(response.headers.get("ziplink-length")).toBe(String(whole.length));
    expect((await bytesOf(response)).equals(whole)).toBe(true);
    const long = await fetchRange("bytes=10-900");
    expect(long.headers.get("content-length")).toBeNull();
    expect(long.headers.get("content-range")).toBe(`bytes 10-900/${whole.length}`);
    const short = await fetchRange("bytes=10-509");
    expect(short.headers.get("content-length")).toBe("500");
  });
});

test("another instance gives the same bytes and tag for the same plan", async () => {
  const [one, two] = [await setUp(), await setUp()];
  expect(two.layout.etag).toBe(one.layout.etag);
  const tail = await handlerOf(two.source, { format, crcs: createCrcKnowledge() }).get(everything, {
    headers: { Range: "bytes=700-" },
  });
  expect((await bytesOf(tail)).equals(one.whole.subarray(700))).toBe(true);
});
