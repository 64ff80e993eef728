import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { formatIndexList, parseIndexList } from "../../../core/planning/index-list.ts";
import { selectEntries } from "../../../core/planning/select-entries.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { collect, patterned, sha256 } from "../../support/bytes.ts";
import { handlerOf } from "../../support/handlers.ts";
import { planOf } from "../../support/plans.ts";

const objects = {
  "a.txt": "a",
  "b/a.txt": "b",
  "b/c.bin": patterned(2_000_000),
  "d.txt": "d",
};

describe("lists of indices", () => {
  test("any ascending numbers survive formatting and parsing", () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(300)), (numbers) => {
        const indices = numbers.sort((a, b) => a - b);
        fc.pre(indices.length > 0);
        expect(parseIndexList(formatIndexList(indices), 301, "only")).toEqual(indices);
      }),
    );
  });

  test("consecutive numbers are joined into ranges", () => {
    expect(formatIndexList([0, 3, 4, 5, 6, 7, 9, 10])).toBe("0,3-7,9-10");
  });

  test("order and repetition do not matter", () => {
    expect(parseIndexList("3-5,0,4-6,0", 7, "only")).toEqual([0, 3, 4, 5, 6]);
  });

  test.each(["", ",", "1,", "-1", "1-", "a", "1.5", " 1", "5-4", "4", "0-4", "1".repeat(9000)])(
    "%j is refused, naming the parameter",
    (text) => {
      expect(() => parseIndexList(text, 4, "only")).toThrow(
        expect.objectContaining({
          code: "malformed",
          message: expect.stringMatching(/^only: /),
          details: { field: "only" },
        }),
      );
    },
  );
});

describe("a selection", () => {
  const select = async (query: string) => {
    const { plan, source } = await planOf(objects);
    const selected = selectEntries(plan, new URLSearchParams(query));
    return { plan, selected, source };
  };

  test("is an archive of its own, with the names of the whole archive", async () => {
    const { plan, selected } = await select("only=1-2");
    expect(selected.entries).toEqual(plan.entries.slice(1, 3));
    expect(layoutZip(selected).etag).not.toBe(layoutZip(plan).etag);
    expect(selectEntries(plan, new URLSearchParams("only=1-2"))).toBe(selected);
    expect(selectEntries(plan, new URLSearchParams("only=2&only=1"))).toEqual(selected);
  });

  test("without the parameter is the whole archive", async () => {
    const { plan, selected } = await select("x=1");
    expect(selected).toBe(plan);
  });

  test("holds no more than the whole archive", async () => {
    const { plan, selected } = await select("only=0-3");
    expect(layoutZip(selected).etag).toBe(layoutZip(plan).etag);
    await expect(select("only=4")).rejects.toMatchObject({ code: "malformed" });
  });

  test("is refused for another archive than it was made for", async () => {
    const { plan } = await select("");
    const of = layoutZip(plan).etag.slice(1, -1);
    expect((await select(`only=0&of=${of}`)).selected.entries).toHaveLength(1);
    await expect(select("only=0&of=other")).rejects.toMatchObject({ code: "precondition_failed" });
  });
});

describe("the archive of a selection", () => {
  const only = "?only=0,2";
  const open = async () => {
    const { plan, source } = await planOf(objects);
    const selected = selectEntries(plan, new URLSearchParams("only=0,2"));
    const bytes = await collect(streamZip(selected, source));
    return { ...handlerOf(source), bytes, etag: layoutZip(selected).etag, whole: layoutZip(plan) };
  };

  test("is sent with its own length and ETag, whole and in ranges", async () => {
    const { get, bytes, etag } = await open();
    const response = await get({ prefix: "" }, {}, only);
    expect(response.headers.get("etag")).toBe(etag);
    expect(sha256(Buffer.from(await response.arrayBuffer()))).toBe(sha256(bytes));
    const headers = { Range: "bytes=1000-", "If-Match": etag };
    const rest = await get({ prefix: "" }, { headers }, only);
    expect(rest.status).toBe(206);
    expect(Buffer.from(await rest.arrayBuffer()).equals(bytes.subarray(1000))).toBe(true);
  });

  test("is described as JSON", async () => {
    const { get, bytes, etag } = await open();
    const described = await (await get({ prefix: "" }, {}, `${only}&format=json`)).json();
    expect(described).toMatchObject({
      etag,
      length: bytes.length,
      entries: [{ name: "a.txt" }, { name: "b/c.bin" }],
    });
  });

  test("of a pinned link is checked against the whole archive's ETag", async () => {
    const { get, whole, etag } = await open();
    expect((await get({ prefix: "", etag: whole.etag }, {}, only)).status).toBe(200);
    expect((await get({ prefix: "", etag }, {}, only)).status).toBe(412);
  });

  test("is refused with 400 if the selection is malformed", async () => {
    const { get } = handlerOf(createMemorySource(objects));
    const response = await get({ prefix: "" }, {}, "?only=9");
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "malformed", field: "only" });
  });
});
