import { Readable } from "node:stream";
import { describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import {
  type InlineStream,
  inlineBytes,
  inlineStream,
  planArchive,
  streamZip,
  withInlineEntries,
} from "../../../core/index.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { codeOf } from "../../support/error-codes.ts";
import { handlerOf } from "../../support/handlers.ts";
import { readArchive } from "../../support/read-archive.ts";
import { counting } from "../../support/sources.ts";

const modified = new Date("2024-02-29T12:34:56Z");
const source = createMemorySource();
source.put("a.txt", { bytes: Buffer.from("stored"), modified });
source.put("b.bin", { bytes: patterned(1_200_000), modified });

const stored = { entries: [{ key: "a.txt" }, { key: "b.bin" }] };
const html = inlineBytes({ name: "report.html", bytes: Buffer.from("<p>given"), modified });

const large = patterned(2_500_000, 7);
const facts = { name: "large.bin", size: large.length, version: "1", modified };

async function* pieces(bytes: Uint8Array, length = 100_000) {
  for (let at = 0; at < bytes.length; at += length) yield bytes.slice(at, at + length);
}

/** Ways in which an application can supply the same bytes. */
const streams: Readonly<Record<string, InlineStream>> = {
  "by ranges": { ...facts, open: ({ start, end }) => pieces(large.subarray(start, end)) },
  "from the start": { ...facts, openFromStart: () => pieces(large) },
  "from the start, later": { ...facts, openFromStart: async () => pieces(large, 70_001) },
  "as a Node stream": { ...facts, openFromStart: () => Readable.from(pieces(large)) },
  "as a web stream": { ...facts, openFromStart: () => ReadableStream.from(pieces(large)) },
  "of known CRC": { ...facts, crc32: 0, openFromStart: () => pieces(large) },
};

describe("bytes", () => {
  test("are appended to the requested entries, under unique names", async () => {
    const again = inlineBytes({ name: "A.TXT", bytes: Buffer.from("given"), modified });
    const plan = await planArchive(stored, source, { inlineEntries: [html, again] });
    const entries = readArchive(await collect(streamZip(plan, source)));
    expect(Object.keys(entries)).toEqual(["a.txt", "b.bin", "report.html", "A (2).TXT"]);
    expect(entries).toMatchObject({ "report.html": "<p>given", "A (2).TXT": "given" });
  });

  test("change the ETag with their content, time and name", async () => {
    const etag = async (...given: Parameters<typeof inlineBytes>) =>
      layoutZip(await planArchive(stored, source, { inlineEntries: given.map(inlineBytes) })).etag;
    const base = { name: "x", bytes: Buffer.from("1"), modified };
    const first = await etag(base);
    expect(await etag({ ...base, bytes: Buffer.from("1") })).toBe(first);
    for (const other of [{ bytes: Buffer.from("2") }, { name: "y" }, { modified: new Date(0) }]) {
      expect(await etag({ ...base, ...other })).not.toBe(first);
    }
  });

  test("need no store, but a prefix needs objects", async () => {
    const alone = await planArchive({ entries: [] }, source, { inlineEntries: [html] });
    expect(readArchive(await collect(streamZip(alone, source)))).toEqual({
      "report.html": "<p>given",
    });
    expect(await codeOf(planArchive({ entries: [] }, source))).toBe("not_found");
    expect(await codeOf(planArchive({ prefix: "x" }, source, { inlineEntries: [html] }))).toBe(
      "not_found",
    );
    const all = await planArchive({ prefix: "" }, source, { inlineEntries: [html] });
    expect(all.entries).toHaveLength(3);
  });

  test("count towards the limits", async () => {
    const plan = (maxEntries: number, maxBytes: number) =>
      codeOf(
        planArchive(stored, source, { inlineEntries: [html], limits: { maxEntries, maxBytes } }),
      );
    expect(await plan(3, 1_200_014)).toBe("resolved");
    expect(await plan(2, 1_200_014)).toBe("too_many_entries");
    expect(await plan(3, 1_200_013)).toBe("too_large");
  });

  test("cannot be reached by a key", async () => {
    expect(await codeOf(withInlineEntries(source).stat(html.blob.key))).toBe("not_found");
    const opened = await withInlineEntries(source).open(html.blob, { start: 3, end: 8 });
    expect(String(await collect(opened))).toBe("given");
  });
});

describe.each(Object.entries(streams))("a stream, %s", (kind, stream) => {
  const crc = kind === "of known CRC" ? { crc32: layoutCrc() } : {};
  const inlineEntries = [html, inlineStream({ ...stream, ...crc })];

  test("any range of the archive equals that slice of the whole", async () => {
    const plan = await planArchive(stored, source, { inlineEntries });
    const whole = await collect(streamZip(plan, source));
    expect(whole.length).toBe(layoutZip(plan).length);
    expect(readArchive(whole)["large.bin"]).toBe(large.toString());
    const at = layoutZip(plan).localOffsets[3] ?? 0;
    const ranges = [
      [0, whole.length],
      [at, at + 100],
      [at + 50, at + 1_000_000],
      [at + 1_000_000, at + 1_000_001],
      [at + 2_400_000, whole.length],
      [whole.length - 10, whole.length],
    ] as const;
    for (const [start, end] of ranges) {
      const part = await collect(streamZip(plan, source, { start, end }));
      expect(part.equals(whole.subarray(start, end)), `${start}-${end}`).toBe(true);
    }
  });

  test("can be compressed", async () => {
    const plan = await planArchive({ ...stored, compression: "deflate" }, source, {
      inlineEntries,
    });
    const entries = readArchive(await collect(streamZip(plan, source)));
    expect(entries["large.bin"]).toBe(large.toString());
  });

  test.each([1_000, large.length])(
    "fails unless it sends as many bytes as stated: %i",
    async (length) => {
      const bytes = large.subarray(0, length);
      const sends = async (content: Uint8Array, compression: "store" | "deflate") => {
        const openFromStart = () => pieces(content);
        const lying = "open" in stream ? { open: openFromStart } : { openFromStart };
        const entry = inlineStream({ ...facts, size: length, ...lying });
        const plan = await planArchive({ ...stored, compression }, source, {
          inlineEntries: [entry],
        });
        const parts: Uint8Array[] = [];
        const code = await codeOf(
          (async () => {
            for await (const part of streamZip(plan, source)) parts.push(part);
          })(),
        );
        expect(Buffer.concat(parts).includes("PK\x01\x02")).toBe(code === "resolved");
        return code;
      };
      for (const compression of ["store", "deflate"] as const) {
        expect(await sends(bytes, compression)).toBe("resolved");
        expect(await sends(bytes.subarray(1), compression)).toBe("corrupt");
        expect(await sends(Buffer.concat([bytes, Buffer.from("x")]), compression)).toBe("corrupt");
      }
    },
  );
});

/** The CRC-32 of `large`, as `inlineBytes` computes it. */
function layoutCrc(): number {
  return inlineBytes({ name: "x", bytes: large, modified }).blob.crc32 ?? 0;
}

describe("an application's stream", () => {
  /** Yields its first bytes and then hangs, ignoring every signal. */
  const stuck = () => {
    const state = { opened: 0, closed: 0 };
    const open = async function* () {
      state.opened++;
      try {
        yield patterned(200_000);
        await new Promise(() => undefined);
      } finally {
        state.closed++;
      }
    };
    return { state, entry: inlineStream({ ...facts, size: 3_000_000, openFromStart: open }) };
  };

  test.each(["store", "deflate"] as const)(
    "that is stuck does not hold up the end of a cancelled download (%s)",
    async (compression) => {
      const { state, entry } = stuck();
      const counted = counting(source);
      const plan = await planArchive({ ...stored, compression }, source, {
        inlineEntries: [entry],
      });
      const abort = new AbortController();
      const reader = streamZip(plan, counted, { signal: abort.signal }).getReader();
      const reading = (async () => {
        for (;;) if ((await reader.read()).done) return;
      })();
      while (state.opened === 0) await new Promise(setImmediate);
      abort.abort(new Error("left"));
      await expect(reading).rejects.toThrow("left");
      expect(counted.counts.open).toBe(0);
    },
  );

  /** Streams that are open before they are read, and whether they still are. */
  const unread = {
    "a Node stream": () => {
      const chunks = new Readable({ read: () => undefined });
      return { chunks, isClosed: () => chunks.destroyed };
    },
    "a web stream": () => {
      let closed = false;
      const chunks = new ReadableStream<Uint8Array>({
        cancel() {
          closed = true;
        },
      });
      return { chunks, isClosed: () => closed };
    },
  };

  test.each(Object.entries(unread))("that was never read is closed: %s", async (_, open) => {
    const { chunks, isClosed } = open();
    const { blob } = inlineStream({ ...facts, open: () => chunks });
    const opened = await withInlineEntries(source).open(blob, { start: 0, end: 10 });
    expect(isClosed()).toBe(false);
    await opened[Symbol.asyncIterator]().return?.();
    expect(isClosed()).toBe(true);
  });

  test.each(Object.entries(unread))(
    "that does not open is given up, and closed if it opens later: %s",
    async (_, open) => {
      const { chunks, isClosed } = open();
      const opening = Promise.withResolvers<AsyncIterable<Uint8Array>>();
      const { blob } = inlineStream({ ...facts, open: () => opening.promise });
      const abort = new AbortController();
      const given = withInlineEntries(source).open(blob, { start: 0, end: 10 }, abort.signal);
      const outcome = codeOf(Promise.race([given, new Promise(setImmediate)]));
      abort.abort(new ZiplinkError("unavailable", "left"));
      expect(await outcome).toBe("unavailable");
      opening.resolve(chunks);
      await new Promise(setImmediate);
      expect(isClosed()).toBe(true);
    },
  );

  test("is closed when a download ends early, and opened once", async () => {
    const state = { opened: 0, closed: 0 };
    const entry = inlineStream({
      ...facts,
      size: 30_000_000,
      async *openFromStart() {
        state.opened++;
        try {
          for (let i = 0; i < 300; i++) yield patterned(100_000, i);
        } finally {
          state.closed++;
        }
      },
    });
    const plan = await planArchive({ entries: [] }, source, { inlineEntries: [entry] });
    const reader = streamZip(plan, source).getReader();
    for (let i = 0; i < 20; i++) await reader.read();
    expect(state).toEqual({ opened: 1, closed: 0 });
    await reader.cancel();
    expect(state).toEqual({ opened: 1, closed: 1 });
    await collect(streamZip(plan, source));
    expect(state).toEqual({ opened: 2, closed: 2 });
  });

  test("that fails breaks the download", async () => {
    const entry = inlineStream({
      ...facts,
      async *openFromStart() {
        yield patterned(200_000);
        throw new TypeError("a name that nobody may see");
      },
    });
    for (const compression of ["store", "deflate"] as const) {
      const { get, events } = handlerOf(source, { inlineEntries: async () => [entry] });
      const response = await get({ ...stored, compression });
      expect(response.status).toBe(200);
      await expect(response.arrayBuffer()).rejects.toThrow();
      expect(events.at(-1)).toMatchObject({
        outcome: "failed",
        failure: { code: "internal", causes: ["TypeError"] },
      });
      expect(JSON.stringify(events)).not.toContain("nobody");
    }
  });
});

test("a handler adds the application's inline entries to a request's archive, and resumes it", async () => {
  const asked: unknown[] = [];
  const { get } = handlerOf(source, {
    async inlineEntries(spec) {
      asked.push(spec);
      return [html];
    },
  });
  const whole = Buffer.from(await (await get(stored)).arrayBuffer());
  expect(readArchive(whole)).toMatchObject({ "a.txt": "stored", "report.html": "<p>given" });
  const rest = await get(stored, { headers: { Range: "bytes=1200100-" } });
  expect(rest.status).toBe(206);
  expect(whole.subarray(1_200_100).equals(new Uint8Array(await rest.arrayBuffer()))).toBe(true);
  expect(asked).toEqual([stored, stored]);
});
