import { describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import type { BlobSource } from "../../../core/blob-source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { storeError } from "../../../core/source/store-errors.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { codeOf } from "../../support/error-codes.ts";
import { handlerOf } from "../../support/handlers.ts";
import { readArchive } from "../../support/read-archive.ts";
import { counting } from "../../support/sources.ts";

const modified = new Date("2024-02-29T12:34:56Z");

function store(...keys: string[]) {
  const source = createMemorySource();
  for (const key of keys) source.put(key, { bytes: Buffer.from(`text of ${key}`), modified });
  return source;
}

const report = (...entries: (string | { key: string; name?: string })[]) => ({
  entries: entries.map((entry) => (typeof entry === "string" ? { key: entry } : entry)),
  onMissing: "report" as const,
});

async function entriesOf(request: Parameters<typeof planArchive>[0], source = store("a", "b")) {
  const plan = await planArchive(request, source);
  return readArchive(await collect(streamZip(plan, source)));
}

/** `source`, with an object that it lists but refuses to read. */
function refusing(source: BlobSource, key: string): BlobSource {
  return {
    ...source,
    async stat(asked, signal) {
      if (asked === key) throw storeError("archived", new Error("private-name"));
      return source.stat(asked, signal);
    },
    async *list(prefix, signal) {
      for await (const blob of source.list(prefix, signal)) {
        yield blob.key === key ? { ...blob, needsStat: true } : blob;
      }
    },
  };
}

describe("objects that are listed and cannot be read", () => {
  const source = refusing(store("d/a", "d/b", "d/c"), "d/b");

  test("refuse the archive of their prefix", async () => {
    const plan = planArchive({ prefix: "d/" }, source);
    await expect(plan).rejects.toMatchObject({ code: "denied", reason: "archived" });
  });

  test("are reported by their names in the archive, and counted by reason", async () => {
    const spec = { prefix: "d/", onMissing: "report" as const };
    const plan = await planArchive(spec, source);
    expect(plan.missing).toEqual({ archived: 1 });
    expect(await readArchive(await collect(streamZip(plan, source)))).toEqual({
      a: "text of d/a",
      c: "text of d/c",
      "_missing.txt": "b\n",
    });
  });

  test("do not change the archive once they can be read", async () => {
    const readable = { ...source, stat: store("d/b").stat };
    const plan = await planArchive({ prefix: "d/" }, readable);
    expect(plan.entries.map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(plan.missing).toBeUndefined();
  });

  test("are asked for alone: what is listed is known", async () => {
    const counted = counting(source);
    await planArchive({ prefix: "d/", onMissing: "report" }, counted);
    expect(counted.counts).toMatchObject({ stats: 1, lists: 1 });
  });

  test("leave their reason in the log, without their names", async () => {
    const { get, events } = handlerOf(source);
    await (await get({ prefix: "d/", onMissing: "report" })).arrayBuffer();
    const refused = await get({ prefix: "d/" });
    expect(refused.status).toBe(404);
    expect(await refused.text()).not.toContain("archive of the store");
    expect(events).toMatchObject([
      { event: "download_started", missing: { archived: 1 } },
      { event: "download_ended", missing: { archived: 1 } },
      { event: "request_refused", failure: { code: "denied", reason: "archived" } },
    ]);
    expect(JSON.stringify(events)).not.toContain("private-name");
  });
});

test("objects of different reasons are counted apart", async () => {
  const source = refusing(store("a", "b"), "b");
  expect((await planArchive(report("a", "b", "x", "y"), source)).missing).toEqual({
    archived: 1,
    not_found: 2,
  });
});

describe("missing objects", () => {
  test("are listed by the names that the requester gave, in their order", async () => {
    const request = report({ key: "x", name: "Invoice 3.pdf" }, "a", "gone/ünï.txt", "b", {
      key: "y",
      name: "CON:?",
    });
    expect(await entriesOf(request)).toEqual({
      a: "text of a",
      b: "text of b",
      "_missing.txt": "Invoice 3.pdf\ngone/ünï.txt\nCON:?\n",
    });
  });

  test("leave no report if there are none", async () => {
    const source = store("a", "b");
    const plan = await planArchive(report("a", "b"), source);
    expect(plan).toEqual(await planArchive({ entries: [{ key: "a" }, { key: "b" }] }, source));
  });

  test("have one line each, whatever their names contain", async () => {
    const request = report("a", "x\ny", "x\r\n\u2028\u0000y", "\ud800");
    expect((await entriesOf(request))["_missing.txt"]).toBe("x_y\nx____y\n\ufffd\n");
  });

  test("are reported even if an entry already has the report's name", async () => {
    const source = store("_missing.txt", "_MISSING (2).txt");
    expect(await entriesOf(report("_missing.txt", "x", "_MISSING (2).txt"), source)).toEqual({
      "_missing.txt": "text of _missing.txt",
      "_MISSING (2).txt": "text of _MISSING (2).txt",
      "_missing (3).txt": "x\n",
    });
  });

  test("may be all the objects requested", async () => {
    expect(await entriesOf(report("x", "y"))).toEqual({ "_missing.txt": "x\ny\n" });
    const plan = await planArchive(report("x"), store());
    expect(plan.entries[0]?.blob.modified).toEqual(new Date("1980-01-01T00:00:00Z"));
  });

  test("fail the archive unless a report is requested; an empty prefix always does", async () => {
    const missing = { entries: [{ key: "a" }, { key: "x" }] };
    expect(await codeOf(planArchive(missing, store("a")))).toBe("not_found");
    expect(await codeOf(planArchive({ ...missing, onMissing: "fail" }, store("a")))).toBe(
      "not_found",
    );
    expect(await codeOf(planArchive({ prefix: "x/", onMissing: "report" }, store("a")))).toBe(
      "not_found",
    );
  });

  test("look like denied objects; any other error fails the archive", async () => {
    const plain = store("a", "b");
    const refusing = (code: "denied" | "unavailable" | "changed") => ({
      ...plain,
      async stat(key: string) {
        if (key === "b") throw new ZiplinkError(code, "refused");
        return plain.stat(key);
      },
    });
    const denied = await planArchive(report("a", "b"), refusing("denied"));
    const missing = await planArchive(report("a", "b"), store("a"));
    expect(denied.entries[1]).toEqual(missing.entries[1]);
    for (const code of ["unavailable", "changed"] as const) {
      expect(await codeOf(planArchive(report("a", "b"), refusing(code)))).toBe(code);
    }
    plain.put("c", { bytes: Buffer.from("c"), crc32: crc32(Buffer.from("c")) });
    const stated = { ...report(), entries: [{ key: "c", crc32: 1 }] };
    expect(await codeOf(planArchive(stated, plain))).toBe("changed");
  });
});

describe("an archive with a report", () => {
  const request = report("a", "x", "big");
  const source = () => {
    const made = store("a");
    made.put("big", { bytes: patterned(1_500_000), modified });
    return made;
  };

  test("is the same each time, until other objects are missing", async () => {
    const etag = async (...entries: string[]) =>
      layoutZip(await planArchive(report(...entries), source())).etag;
    const once = await etag("a", "x");
    expect(await etag("a", "x")).toBe(once);
    expect(await etag("a", "y")).not.toBe(once);
    expect(await etag("a")).not.toBe(once);
  });

  test("can be resumed anywhere", async () => {
    const made = source();
    const plan = await planArchive(request, made);
    const whole = await collect(streamZip(plan, made));
    expect(whole.length).toBe(layoutZip(plan).length);
    const { get } = handlerOf(made);
    for (const start of [0, 30, 1_000_000, 1_500_100, whole.length - 200, whole.length - 1]) {
      const response = await get(request, { headers: { Range: `bytes=${start}-` } });
      expect(response.status).toBe(206);
      expect(whole.subarray(start).equals(new Uint8Array(await response.arrayBuffer()))).toBe(true);
    }
  });

  test("can be described and pinned, and is planned once for several requests", async () => {
    const made = source();
    const counted = counting(made);
    const { send, sign } = handlerOf(counted, { cacheSeconds: 60 });
    const token = await sign(request);
    const description = (await (await send(token, {}, "?format=json")).json()) as { etag: string };
    expect(description).toMatchObject({
      entries: [{ name: "a" }, { name: "big" }, { name: "_missing.txt", size: 2 }],
    });
    expect(JSON.stringify(description)).not.toMatch(/given|\\u0000/);
    const whole = await send(token);
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect(whole.headers.get("etag")).toBe(description.etag);
    expect(readArchive(bytes)["_missing.txt"]).toBe("x\n");
    expect(counted.counts.stats).toBe(3);

    const pinned = { ...request, etag: description.etag };
    const { get } = handlerOf(made);
    expect((await get(pinned, { method: "HEAD" })).status).toBe(200);
    made.put("x", "is there now");
    expect((await get(pinned, { method: "HEAD" })).status).toBe(412);
    expect((await get(request, { method: "HEAD" })).headers.get("etag")).not.toBe(description.etag);
  });

  test("can be compressed", async () => {
    const made = source();
    const entries = await entriesOf({ ...request, compression: "deflate" }, made);
    expect(entries).toMatchObject({ a: "text of a", "_missing.txt": "x\n" });
  });
});
