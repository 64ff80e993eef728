import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { crc32 } from "../../core/bytes/crc32.ts";
import type {
  BlobDestination,
  CompletionTerms,
  StoredPart,
  Upload,
} from "../../core/delivery/blob-destination.ts";
import { patterned } from "../support/bytes.ts";
import { codeOf } from "../support/error-codes.ts";

/** A destination, and the means to inspect its store from outside. */
export interface DestinationUnderTest {
  readonly destination: BlobDestination;
  /** The same destination for a caller without write access. */
  readonly denied: BlobDestination;
  /** Returns the bytes of the visible object under `key`, if there is one. */
  read(key: string): Promise<Buffer | undefined>;
  /** Writes an object as another party would. */
  put(key: string, bytes: Uint8Array): Promise<void>;
  /** Returns the number of uploads, parts and temporary objects in the store. */
  leftovers(): Promise<number>;
  /** Makes the store lose an upload, as if a lifecycle rule ended it. */
  lose(upload: Upload): Promise<void>;
  close(): Promise<void>;
}

/** The bytes of an object, cut into parts. */
interface Cut {
  readonly bytes: Buffer;
  readonly parts: readonly { readonly number: number; readonly start: number; bytes: Buffer }[];
}

const terms = (mark: string) => ({
  mark,
  contentType: "application/zip",
  metadata: { "ziplink-etag": "an-etag" },
});

/**
 * Describes the behavior of every `BlobDestination`, over its real protocol. A new adapter adds one
 * more call of this.
 */
export function describeBlobDestination(
  name: string,
  start: () => Promise<DestinationUnderTest>,
): void {
  describe(`BlobDestination contract: ${name}`, () => {
    let subject: DestinationUnderTest;
    let destination: BlobDestination;
    let partBytes: number;
    let marks = 0;

    beforeAll(async () => {
      subject = await start();
      destination = subject.destination;
      partBytes = Math.max(destination.traits.limits.minPartBytes, 1000);
    });

    afterAll(() => subject.close());

    /** Returns `count` parts of the minimum length, except for a shorter last one. */
    function cut(count: number, seed: number, tail = 123): Cut {
      const bytes = patterned((count - 1) * partBytes + tail, seed);
      const parts = Array.from({ length: count }, (_, i) => ({
        number: i + 1,
        start: i * partBytes,
        bytes: bytes.subarray(i * partBytes, (i + 1) * partBytes),
      }));
      return { bytes, parts };
    }

    const begin = (key: string) => destination.begin(key, terms(`mark-${++marks}`));
    const send = (upload: Upload, { parts }: Cut) =>
      Promise.all(parts.map((part) => destination.putPart(upload, part, part.bytes)));
    const termsOf = ({ bytes }: Cut, replaces: CompletionTerms["replaces"] = "nothing") => ({
      size: bytes.length,
      crc32: crc32(bytes),
      replaces,
    });

    async function uploaded(key: string, content: Cut) {
      const upload = await begin(key);
      return { upload, parts: await send(upload, content) };
    }

    async function expectBytes(key: string, bytes: Buffer): Promise<void> {
      expect((await subject.read(key))?.equals(bytes), `the object ${key}`).toBe(true);
    }

    async function expectNothing(key: string): Promise<void> {
      expect(await subject.read(key)).toBeUndefined();
      expect(await destination.find(key)).toBeUndefined();
      expect(await subject.leftovers()).toBe(0);
    }

    test("shows an object only once it is complete", async () => {
      const key = "folder/with space/ü.zip";
      const content = cut(3, 1);
      const upload = await begin(key);
      const parts: StoredPart[] = [];
      for (const part of content.parts) {
        parts.push(await destination.putPart(upload, part, part.bytes));
        expect(await destination.find(key)).toBeUndefined();
      }
      expect(await destination.findUploaded(upload)).toBeUndefined();
      expect(await subject.read(key)).toBeUndefined();
      const object = await destination.complete(upload, parts, termsOf(content));
      expect(object).toMatchObject({ key, size: content.bytes.length });
      if (object.crc32 !== undefined) expect(object.crc32).toBe(crc32(content.bytes));
      await expectBytes(key, content.bytes);
      expect(await destination.find(key)).toEqual(object);
      expect(await destination.findUploaded(upload)).toEqual(object);
      expect(await subject.leftovers()).toBe(0);
    });

    test("accepts parts in any order, and lists them by their numbers", async () => {
      const content = cut(3, 2);
      const upload = await begin("unordered");
      const [first, second, third] = content.parts.map((part) => () => {
        return destination.putPart(upload, part, part.bytes);
      });
      const receipts = [await third?.(), await first?.()];
      const some = await destination.listParts(upload);
      expect(some.map(({ number, size }) => [number, size])).toEqual([
        [1, partBytes],
        [3, 123],
      ]);
      expect(some.map(({ receipt }) => receipt)).toEqual(
        receipts.reverse().map((part) => part?.receipt),
      );
      await second?.();
      const all = await destination.listParts({ ...upload });
      for (const { number, crc32: crc } of all) {
        const bytes = content.parts[number - 1]?.bytes ?? Buffer.alloc(0);
        if (crc !== undefined) expect(crc).toBe(crc32(bytes));
      }
      await destination.complete(upload, all, termsOf(content));
      await expectBytes("unordered", content.bytes);
    });

    test("uses the last of a part that is sent twice", async () => {
      const content = cut(2, 3);
      const { upload, parts } = await uploaded("twice", content);
      const others = patterned(partBytes, 99);
      const again = await destination.putPart(upload, { number: 1, start: 0 }, others);
      const now = { bytes: Buffer.concat([others, content.bytes.subarray(partBytes)]), parts: [] };
      // The previous receipt names bytes that no longer exist.
      expect(await codeOf(destination.complete(upload, parts, termsOf(content)))).toBe("corrupt");
      expect(await subject.read("twice")).toBeUndefined();
      const all = [again, ...parts.slice(1)];
      expect((await destination.listParts(upload)).map(({ receipt }) => receipt)).toEqual(
        all.map(({ receipt }) => receipt),
      );
      await destination.complete(upload, all, termsOf(now));
      await expectBytes("twice", now.bytes);
    });

    test("accepts an object of one part, and an empty one", async () => {
      for (const bytes of [patterned(10, 4), Buffer.alloc(0)]) {
        const content = { bytes, parts: [{ number: 1, start: 0, bytes }] };
        const key = `short-${bytes.length}`;
        const { upload, parts } = await uploaded(key, content);
        await destination.complete(upload, parts, termsOf(content));
        await expectBytes(key, bytes);
      }
    });

    test("accepts many parts", async () => {
      if (partBytes > 100_000) return; // long parts would be a gigabyte in total
      const content = cut(70, 5);
      const { upload, parts } = await uploaded("many", content);
      expect(await destination.listParts(upload)).toHaveLength(70);
      await destination.complete(upload, parts, termsOf(content));
      await expectBytes("many", content.bytes);
      expect(await subject.leftovers()).toBe(0);
    });

    test("an object with a wrong length or checksum never becomes visible", async () => {
      const content = cut(2, 6);
      const { upload, parts } = await uploaded("wrong", content);
      const right = termsOf(content);
      const wrong = [
        { ...right, size: right.size + 1 },
        { ...right, crc32: (right.crc32 + 1) >>> 0 },
      ];
      for (const one of wrong) {
        expect(await codeOf(destination.complete(upload, parts, one))).toBe("corrupt");
      }
      for (const some of [parts.slice(0, 1), parts.slice(1), []]) {
        expect(await codeOf(destination.complete(upload, some, right))).toBe("corrupt");
      }
      expect(await subject.read("wrong")).toBeUndefined();
      // After a refusal, the upload can be corrected.
      await destination.complete(upload, parts, right);
      await expectBytes("wrong", content.bytes);
    });

    test("completing a complete upload again succeeds", async () => {
      const content = cut(2, 7);
      const { upload, parts } = await uploaded("again", content);
      const object = await destination.complete(upload, parts, termsOf(content));
      expect(await destination.complete(upload, parts, termsOf(content))).toEqual(object);
      await expectBytes("again", content.bytes);
    });

    test("replaces an object only if the terms allow it", async () => {
      await subject.put("taken", Buffer.from("somebody's"));
      const content = cut(2, 8);
      const { upload, parts } = await uploaded("taken", content);
      const complete = (replaces: CompletionTerms["replaces"]) =>
        destination.complete(upload, parts, termsOf(content, replaces));
      expect(await codeOf(complete("nothing"))).toBe("changed");
      expect(await codeOf(complete({ version: '"0123456789abcdef"' }))).toBe("changed");
      await expectBytes("taken", Buffer.from("somebody's"));
      expect(await destination.findUploaded(upload)).toBeUndefined();
      const found = await destination.find("taken");
      await complete({ version: found?.version ?? "" });
      await expectBytes("taken", content.bytes);

      const next = cut(1, 9, 50);
      const second = await uploaded("taken", next);
      await destination.complete(second.upload, second.parts, termsOf(next, "anything"));
      await expectBytes("taken", next.bytes);
      expect(await subject.leftovers()).toBe(0);
    });

    test("does not replace a version that no longer exists", async () => {
      const content = cut(1, 10);
      const { upload, parts } = await uploaded("gone", content);
      const replacing = termsOf(content, { version: '"0123456789abcdef"' });
      expect(await codeOf(destination.complete(upload, parts, replacing))).toBe("changed");
      await destination.abort(upload);
      await expectNothing("gone");
    });

    test("leaves nothing of an aborted upload", async () => {
      const content = cut(2, 11);
      const { upload, parts } = await uploaded("aborted", content);
      expect(await subject.leftovers()).toBeGreaterThan(0);
      await destination.abort(upload);
      await destination.abort(upload);
      const [part] = content.parts;
      if (part) {
        expect(await codeOf(destination.putPart(upload, part, part.bytes))).toBe("not_found");
      }
      expect(await codeOf(destination.listParts(upload))).toBe("not_found");
      expect(await codeOf(destination.complete(upload, parts, termsOf(content)))).toBe("not_found");
      await expectNothing("aborted");
    });

    test("reports that the store has lost the upload", async () => {
      const content = cut(2, 12);
      const { upload, parts } = await uploaded("lost", content);
      await subject.lose(upload);
      expect(await codeOf(destination.listParts(upload))).toBe("not_found");
      expect(await codeOf(destination.complete(upload, parts, termsOf(content)))).toBe("not_found");
      await destination.abort(upload);
      await expectNothing("lost");
    });

    test("of a concurrent completion and abort, one wins", async () => {
      const content = cut(2, 13);
      for (let round = 0; round < 8; round++) {
        const key = `race-${round}`;
        const { upload, parts } = await uploaded(key, content);
        const complete = () => destination.complete(upload, parts, termsOf(content));
        const abort = () => destination.abort(upload);
        const both = round % 2 === 0 ? [complete(), abort()] : [abort(), complete()];
        await Promise.allSettled(both);
        await destination.abort(upload);
        const object = await destination.findUploaded(upload);
        if (object) await expectBytes(key, content.bytes);
        else await expectNothing(key);
        expect(await subject.leftovers()).toBe(0);
      }
    });

    test("removes the object of an upload, and nothing else", async () => {
      const content = cut(1, 14);
      const { upload, parts } = await uploaded("removed", content);
      expect(await destination.remove(upload)).toBe(false);
      await destination.complete(upload, parts, termsOf(content));
      expect(await destination.remove(upload)).toBe(true);
      await expectNothing("removed");
      expect(await destination.remove(upload)).toBe(false);
      await subject.put("removed", Buffer.from("somebody's"));
      expect(await destination.remove(upload)).toBe(false);
      expect(await destination.findUploaded(upload)).toBeUndefined();
      await expectBytes("removed", Buffer.from("somebody's"));
    });

    test("finds uploads in progress", async () => {
      const before = Date.now() - 60_000;
      const one = await begin("under-way/one");
      const other = await begin("elsewhere");
      const found = [];
      for await (const upload of destination.uploads("under-way/")) found.push(upload);
      expect(found.map(({ upload }) => [upload.key, upload.id])).toEqual([[one.key, one.id]]);
      const [first] = found;
      expect(first?.begun.getTime()).toBeGreaterThan(before);
      expect(["", one.mark]).toContain(first?.upload.mark);
      if (first) await destination.abort(first.upload);
      await destination.abort(other);
      expect(await subject.leftovers()).toBe(0);
    });

    test("copies only if its traits say so", async () => {
      if (destination.traits.copies !== "none") return; // tested by the adapter's own tests
      const upload = await begin("copied");
      const blob = { key: "x", size: 1, version: "1", modified: new Date() };
      const copying = destination.copyPart(upload, { number: 1, start: 0 }, blob, {
        start: 0,
        end: 1,
      });
      expect(await codeOf(copying)).toBe("malformed");
      await destination.abort(upload);
    });

    test("refuses a key that no object can have", async () => {
      expect(await codeOf(begin(""))).toBe("malformed");
    });

    test("does nothing once aborted", async () => {
      const signal = AbortSignal.abort(new Error("left"));
      const upload = await begin("left");
      const calls = [
        destination.begin("left", terms("mark"), signal),
        destination.putPart(upload, { number: 1, start: 0 }, Buffer.alloc(1), signal),
        destination.listParts(upload, signal),
        destination.complete(upload, [], termsOf(cut(1, 1)), signal),
        destination.abort(upload, signal),
        destination.find("left", signal),
        destination.findUploaded(upload, signal),
        destination.remove(upload, signal),
      ];
      for (const call of calls) await expect(call).rejects.toThrow("left");
      await destination.abort(upload);
      await expectNothing("left");
    });

    test("reports that it may not write", async () => {
      expect(await codeOf(subject.denied.begin("denied", terms("mark")))).toBe("denied");
    });
  });
}
