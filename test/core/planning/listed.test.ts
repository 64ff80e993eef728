import { describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import type { BlobInfo, BlobSource } from "../../../core/blob-source.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { codeOf } from "../../support/error-codes.ts";

const modified = new Date("2026-01-02T03:04:05Z");

const describeKey = (key: string): BlobInfo => ({ key, size: 5, version: "1", modified });

/** An application's source that lists `blobs` as they are. */
function listing(blobs: readonly BlobInfo[]): BlobSource {
  return {
    ...createMemorySource(),
    async *list() {
      yield* blobs;
    },
  };
}

/** In the order of their UTF-8 bytes; some get a number, as they differ in case alone. */
const keys = [
  "d/A.txt",
  "d/a",
  "d/a.txt",
  "d/a/1",
  "d/b/2",
  "d/\u{e9}",
  "d/\u{ffee}",
  "d/\u{1f600}",
];

async function planned(blobs: readonly BlobInfo[]) {
  const plan = await planArchive({ prefix: "d/" }, listing(blobs));
  return { names: plan.entries.map(({ name }) => name), etag: layoutZip(plan).etag };
}

describe("an archive of a prefix", () => {
  const inOrder = keys.map(describeKey);

  test.each([
    ["backwards", [...inOrder].reverse()],
    ["as JavaScript sorts strings", keys.toSorted().map(describeKey)],
    ["folders first", inOrder.toSorted((a, b) => b.key.length - a.key.length)],
    ["with objects that come twice", [...inOrder, ...inOrder.slice(2, 5)]],
    ["each object twice", inOrder.flatMap((blob) => [blob, { ...blob }])],
  ])("is the same for a listing %s", async (_, blobs) => {
    const expected = await planned(inOrder);
    expect(expected.names).toEqual([
      "A.txt",
      "a (2)",
      "a (2).txt",
      "a/1",
      "b/2",
      "\u{e9}",
      "\u{ffee}",
      "\u{1f600}",
    ]);
    expect(await planned(blobs)).toEqual(expected);
  });

  test.each<[string, Partial<BlobInfo>]>([
    ["an object twice, in two versions", { key: "d/a", version: "2" }],
    ["an object twice, in two sizes", { key: "d/a", size: 6 }],
    ["an object of another prefix", { key: "e/a" }],
    ["an object above the prefix", { key: "d" }],
    ["an object without a size", { size: Number.NaN }],
    ["an object of a negative size", { size: -1 }],
    ["an object of an endless size", { size: Number.POSITIVE_INFINITY }],
    ["an object without a version", { version: "" }],
    ["an object without a time", { modified: new Date(Number.NaN) }],
  ])("is refused as corrupt for %s", async (_, changes) => {
    const blobs = [...inOrder, { ...describeKey("d/x"), ...changes }];
    expect(await codeOf(planned(blobs))).toBe("corrupt");
  });

  test("counts a listing that has too many objects in whatever order", async () => {
    const blobs = Array.from({ length: 30 }, (_, i) => describeKey(`d/${(i * 7) % 30}`));
    const limits = { maxEntries: 20, maxBytes: 1e9 };
    const plan = planArchive({ prefix: "d/" }, listing(blobs), { limits });
    await expect(plan).rejects.toMatchObject({ code: "too_many_entries", details: { total: 30 } });
  });
});

test("an entry that the source does not describe is corrupt", async () => {
  const source = { ...createMemorySource(), stat: async () => describeKey("") };
  expect(await codeOf(planArchive({ entries: [{ key: "a" }] }, source))).toBe("corrupt");
});
