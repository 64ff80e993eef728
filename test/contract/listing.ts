import { describe, expect, test } from "vitest";
import { ResilientSource } from "../../core/source/resilience/resilient-source.ts";
import { codeOf } from "../support/error-codes.ts";
import type { ListedObject, ListingStub, PageAnswer } from "../support/listing-stubs.ts";
import { keysOf } from "../support/source-contents.ts";

/** Numbered keys in an order that is not that of their bytes. */
const scattered = (count: number) =>
  Array.from({ length: count }, (_, i) => `${(i * 7) % count}/${i % 2 ? "é" : "\u{1F600}"}${i}`);

/** Serves `keys` in pages of `size`, each asked for by the number of the first key. */
function paging(keys: readonly string[], size: number): (token: string | undefined) => PageAnswer {
  return (token) => {
    const from = Number(token ?? 0);
    const next = from + size < keys.length ? { next: String(from + size) } : {};
    return { objects: keys.slice(from, from + size), ...next };
  };
}

const broken: readonly (readonly [string, ListedObject])[] = [
  ["a negative size", { key: "a", size: -1 }],
  ["a size that is not whole", { key: "a", size: 1.5 }],
  ["a size beyond 2^53", { key: "a", size: 2 ** 53 }],
  ["no size", { key: "a", size: null }],
  ["no version", { key: "a", version: null }],
  ["an empty version", { key: "a", version: "" }],
  ["no time", { key: "a", time: null }],
  ["no key", { key: null }],
];

/**
 * Describes the listing of every source whose store lists in pages. `start` gives a source for the running
 * test; a new adapter adds one more call of this.
 */
export function describeListing(
  name: string,
  start: () => Promise<ListingStub> | ListingStub,
): void {
  describe(`listing in pages: ${name}`, () => {
    test.each([1, 3, 100])(
      "yields all objects once, in whatever order: pages of %i",
      async (size) => {
        const stub = await start();
        const keys = scattered(30);
        stub.answer = paging(keys, size);
        expect(await keysOf(stub.source)).toEqual(keys);
        expect(stub.tokens).toHaveLength(Math.ceil(30 / size));
      },
    );

    test("ends at a page without a token, also if it is empty", async () => {
      const stub = await start();
      stub.answer = (token) => (token ? { objects: [] } : { objects: ["a"], next: "1" });
      expect(await keysOf(stub.source)).toEqual(["a"]);
      expect(stub.tokens).toEqual([undefined, "1"]);
    });

    test("goes on behind pages without objects", async () => {
      const stub = await start();
      stub.answer = (_, i) => ({ objects: i === 9 ? ["a"] : [], ...(i < 12 && { next: `t${i}` }) });
      expect(await keysOf(stub.source)).toEqual(["a"]);
      expect(stub.tokens).toHaveLength(13);
    });

    test.each<[string, ListingStub["answer"], number]>([
      ["the same token twice", (_, i) => ({ objects: [`${i}`], next: "t" }), 2],
      ["tokens in a circle", (_, i) => ({ objects: [`${i}`], next: `t${i % 3}` }), 4],
      ["the same page under new tokens", (_, i) => ({ objects: ["a", "b"], next: `t${i}` }), 2],
      ["its pages in a circle", (_, i) => ({ objects: [`${i % 3}`], next: `t${i}` }), 4],
      [
        "a last page that repeats others",
        (_, i) => ({ objects: ["a"], ...(i < 1 && { next: "t" }) }),
        2,
      ],
      ["empty pages for ever", (_, i) => ({ objects: [], next: `t${i}` }), 1001],
    ])("is corrupt if the store gives %s", async (_, answer, requests) => {
      const stub = await start();
      stub.answer = answer;
      expect(await codeOf(keysOf(stub.source))).toBe("corrupt");
      expect(stub.tokens).toHaveLength(requests);
    });

    test.each(broken)("is corrupt if it has an object with %s", async (_, object) => {
      const stub = await start();
      stub.answer = () => ({ objects: ["good", object] });
      expect(await codeOf(keysOf(stub.source))).toBe("corrupt");
    });

    test("asks again for a page that is throttled, and not for the others", async () => {
      const stub = await start();
      const keys = scattered(100);
      const page = paging(keys, 1);
      // One request in twenty is throttled, and of the page behind the first ten twice in a row.
      let throttled = 0;
      stub.answer = (token, i) => {
        if (i % 20 !== 10 && i !== 11) return page(token);
        throttled++;
        return "throttled";
      };
      const source = new ResilientSource(stub.source, { backoffMs: 1 }).forDownload();
      expect(await keysOf(source)).toEqual(keys);
      expect(throttled).toBeGreaterThan(5);
      expect(stub.tokens).toHaveLength(100 + throttled);
    });

    test("is given up with the page that fails, after its attempts", async () => {
      const stub = await start();
      stub.answer = (token) => (token ? "throttled" : { objects: ["a"], next: "t" });
      const source = new ResilientSource(stub.source, { backoffMs: 1, attempts: 3 }).forDownload();
      expect(await codeOf(keysOf(source))).toBe("throttled");
      expect(stub.tokens).toEqual([undefined, "t", "t", "t"]);
    });

    test("does not ask again for an answer that is no listing", async () => {
      const stub = await start();
      stub.answer = () => ({ text: "<html><body>Log in</body></html>" });
      const source = new ResilientSource(stub.source, { backoffMs: 1 }).forDownload();
      expect(await codeOf(keysOf(source))).toBe("corrupt");
      expect(stub.tokens).toHaveLength(1);
    });
  });
}
