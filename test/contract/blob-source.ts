import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { BlobInfo, BlobSource } from "../../core/blob-source.ts";
import { crc32 } from "../../core/bytes/crc32.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { collect, patterned } from "../support/bytes.ts";
import { codeOf } from "../support/error-codes.ts";
import { keysOf, listed } from "../support/source-contents.ts";

/** A source, and the means to change its objects. */
export interface SourceUnderTest {
  readonly source: BlobSource;
  /** `false` if the store cannot list: `list` then rejects with `malformed`. */
  readonly canList?: false;
  put(key: string, bytes: Uint8Array, modified: Date): Promise<void>;
  remove(key: string): Promise<void>;
  /** Returns how many files, sockets or the like the source holds; 0 when nothing is being read. */
  held(): Promise<number> | number;
  close(): Promise<void>;
}

const modified = new Date("2024-02-29T12:34:57Z");
const large = patterned(3_000_001);

/** Keys that S3 and GCS allow, and that careless handling of URLs or paths would damage. */
const oddKeys = [
  "odd/with space.txt",
  "odd/plus+plus.txt",
  "odd/per%cent %41.txt",
  "odd/hash#hash.txt",
  "odd/question?mark=1&b.txt",
  "odd/Ümläut/日本語/نص.txt",
  "odd/emoji-😀.txt",
  "odd/semi;colon,comma'quote.txt",
  "odd/[brackets](parens){braces}.txt",
  "odd/tilde~caret^dollar$.txt",
];

/** Describes the behavior of every `BlobSource`. A new adapter adds one more call of this. */
export function describeBlobSource(name: string, start: () => Promise<SourceUnderTest>): void {
  describe(`BlobSource contract: ${name}`, () => {
    let subject: SourceUnderTest;
    let source: BlobSource;

    beforeAll(async () => {
      subject = await start();
      source = subject.source;
      const put = (key: string, bytes: Uint8Array) => subject.put(key, bytes, modified);
      await put("a/large.bin", large);
      await put("a/empty.txt", Buffer.alloc(0));
      await put("a/text.txt", Buffer.from("some text"));
      await put("a-b.txt", Buffer.from("1"));
      await put("a0.txt", Buffer.from("2"));
      for (const key of oddKeys) await put(key, Buffer.from(key));
    });

    afterAll(() => subject.close());

    const stat = (key: string) => source.stat(key);
    const read = async (blob: BlobInfo, start: number, end: number, signal?: AbortSignal) =>
      collect(await source.open(blob, { start, end }, signal));
    const expectListed = async (prefix: string, keys: readonly string[]) => {
      if (subject.canList === false) expect(await codeOf(listed(source, prefix))).toBe("malformed");
      // In any order: that is the store's affair.
      else expect((await keysOf(source, prefix)).sort()).toEqual([...keys].sort());
    };

    test("describes an object", async () => {
      const info = await stat("a/large.bin");
      expect(info).toMatchObject({ key: "a/large.bin", size: large.length });
      expect(info.version).not.toBe("");
      expect(Math.floor(info.modified.getTime() / 1000)).toBe(modified.getTime() / 1000);
      if (info.crc32 !== undefined) expect(info.crc32).toBe(crc32(large));
    });

    test.each([
      "a/missing.txt",
      "missing",
      "a",
      "a/",
      "",
      "/a/text.txt",
      "a//text.txt",
      "./a-b.txt",
    ])("has no object %j", async (key) => {
      expect(await codeOf(stat(key))).toBe("not_found");
    });

    test.each([
      "../a-b.txt",
      "a/../a-b.txt",
      "a/..",
      "..",
      "a\0b",
      "%2e%2e/a-b.txt",
      "..\\a-b.txt",
    ])("does not leave its root with %j", async (key) => {
      expect(await codeOf(stat(key))).toBe("not_found");
      await expectListed(key, []);
    });

    test.each(oddKeys)("finds and reads %j", async (key) => {
      const info = await stat(key);
      expect(info.key).toBe(key);
      expect((await read(info, 0, info.size)).toString()).toBe(key);
      await expectListed(key, [key]);
    });

    test("lists by prefix, each object once", async () => {
      const inA = ["a/empty.txt", "a/large.bin", "a/text.txt"];
      await expectListed("a", ["a-b.txt", ...inA, "a0.txt"]);
      await expectListed("a/", inA);
      await expectListed("a/t", ["a/text.txt"]);
      await expectListed("nothing/", []);
      await expectListed("", ["a-b.txt", ...inA, "a0.txt", ...oddKeys]);
    });

    test("lists for archives whose entries are in the order of the keys' bytes", async () => {
      const plan = planArchive({ prefix: "odd/" }, source);
      if (subject.canList === false) expect(await codeOf(plan)).toBe("malformed");
      else {
        const keys = (await plan).entries.map(({ blob }) => blob.key);
        const inOrder = oddKeys.map((key) => Buffer.from(key)).sort(Buffer.compare);
        expect(keys).toEqual(inOrder.map(String));
      }
    });

    test("describes an object identically in a listing", async () => {
      if (subject.canList === false) return; // which the tests above have checked
      const [info] = await listed(source, "a/large.bin");
      const { size, version } = await stat("a/large.bin");
      expect(info).toMatchObject({ key: "a/large.bin", size, version });
    });

    test("lists more than a thousand objects", async () => {
      const keys = Array.from({ length: 1203 }, (_, i) => `many/${String(i).padStart(5, "0")}`);
      for (const key of keys) await subject.put(key, Buffer.from(key), modified);
      await expectListed("many/", keys);
      for (const key of keys) await subject.remove(key);
    });

    test.each([
      [0, large.length],
      [0, 1],
      [large.length - 1, large.length],
      [65_535, 65_537],
      [1_000_000, 2_345_678],
    ])("reads bytes [%i, %i)", async (start, end) => {
      const bytes = await read(await stat("a/large.bin"), start, end);
      expect(bytes.equals(large.subarray(start, end))).toBe(true);
      expect(await subject.held()).toBe(0);
    });

    test("reads no bytes of an empty range, or of an empty object", async () => {
      expect(await read(await stat("a/large.bin"), 5, 5)).toHaveLength(0);
      expect(await read(await stat("a/empty.txt"), 0, 0)).toHaveLength(0);
      expect(await subject.held()).toBe(0);
    });

    test("gives chunks that belong to the receiver", async () => {
      const info = await stat("a/text.txt");
      for await (const chunk of await source.open(info, { start: 0, end: 9 })) chunk.fill(0);
      expect((await read(info, 0, 9)).toString()).toBe("some text");
    });

    test("serves many concurrent readers", async () => {
      const info = await stat("a/large.bin");
      const starts = Array.from({ length: 40 }, (_, i) => i * 50_000);
      const parts = await Promise.all(starts.map((start) => read(info, start, start + 50_000)));
      expect(Buffer.concat(parts).equals(large.subarray(0, 2_000_000))).toBe(true);
      expect(await subject.held()).toBe(0);
    });

    test("refuses any version but the one described", async () => {
      await subject.put("changing.txt", Buffer.from("before"), modified);
      const before = await stat("changing.txt");
      await subject.put("changing.txt", Buffer.from("after!"), new Date(modified.getTime() + 2000));
      expect(await codeOf(source.open(before, { start: 0, end: 6 }))).toBe("changed");
      const after = await stat("changing.txt");
      expect(after.version).not.toBe(before.version);
      expect((await read(after, 0, 6)).toString()).toBe("after!");
      expect(await subject.held()).toBe(0);
    });

    test("refuses an object that was deleted", async () => {
      await subject.put("going.txt", Buffer.from("here"), modified);
      const info = await stat("going.txt");
      await subject.remove("going.txt");
      expect(await codeOf(source.open(info, { start: 0, end: 4 }))).toBe("not_found");
      expect(await codeOf(stat("going.txt"))).toBe("not_found");
    });

    test("never gives one reader a mix of versions", async () => {
      const one = patterned(4_000_000, 1);
      const two = patterned(4_000_000, 2);
      await subject.put("mixed.bin", one, modified);
      const info = await stat("mixed.bin");
      const parts: Uint8Array[] = [];
      const outcome = (async () => {
        for await (const chunk of await source.open(info, { start: 0, end: one.length })) {
          if (parts.length === 0) {
            await subject.put("mixed.bin", two, new Date(modified.getTime() + 4000));
          }
          parts.push(Buffer.from(chunk));
        }
      })();
      const code = await codeOf(outcome);
      const whole = Buffer.concat(parts);
      if (code === "resolved") expect(whole.equals(one)).toBe(true);
      else expect(code).toBe("changed");
      expect(await subject.held()).toBe(0);
    });

    test("does nothing once aborted", async () => {
      const info = await stat("a/large.bin");
      const signal = AbortSignal.abort(new Error("left"));
      await expect(source.stat("a/large.bin", signal)).rejects.toThrow("left");
      await expect(source.open(info, { start: 0, end: 1 }, signal)).rejects.toThrow("left");
      await expect(source.list("", signal)[Symbol.asyncIterator]().next()).rejects.toThrow("left");
    });

    test("stops an aborted read, and releases everything", async () => {
      const info = await stat("a/large.bin");
      const abort = new AbortController();
      const chunks = await source.open(info, { start: 0, end: large.length }, abort.signal);
      const iterator = chunks[Symbol.asyncIterator]();
      await iterator.next();
      abort.abort(new Error("left"));
      await expect(
        (async () => {
          for (;;) if ((await iterator.next()).done) return;
        })(),
      ).rejects.toThrow("left");
      expect(await subject.held()).toBe(0);
    });

    test("releases an abandoned read, before or after its first bytes", async () => {
      const info = await stat("a/large.bin");
      for await (const _ of await source.open(info, { start: 0, end: large.length })) break;
      expect(await subject.held()).toBe(0);
      const unread = await source.open(info, { start: 0, end: large.length });
      await unread[Symbol.asyncIterator]().return?.();
      expect(await subject.held()).toBe(0);
    });
  });
}
