import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { assertWithinScope } from "../../../core/http/caller.ts";
import { type ArchiveSpec, parseArchiveSpec } from "../../../core/planning/archive-spec.ts";
import { FolderSet } from "../../../core/planning/folder-set.ts";
import { safeName, uniqueNames } from "../../../core/planning/names.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { createPlanner } from "../../../core/planning/plan-cache.ts";
import { codeOf } from "../../support/error-codes.ts";
import { counting } from "../../support/sources.ts";

/** Counts the calls of a method of any string while `work` runs. */
function callsOf(method: "normalize" | "replace" | "split", work: () => unknown): number {
  const calls = vi.spyOn(String.prototype, method);
  onTestFinished(() => calls.mockRestore());
  work();
  const count = calls.mock.calls.length;
  calls.mockRestore();
  return count;
}

/** Makes an array of `length` copies of `value` that counts how many of them are read. */
function watched(length: number, value: unknown) {
  const seen = new Set<string>();
  const entries = new Proxy(new Array(length).fill(value), {
    get(target, key, receiver) {
      if (typeof key === "string" && /^\d+$/.test(key)) seen.add(key);
      return Reflect.get(target, key, receiver);
    },
  });
  return { entries, seen };
}

describe("names", () => {
  const deep = (i: number) => ({ path: `${i}/${"ä/".repeat(337)}x`, isFolder: false });
  const namesOf = (count: number) => uniqueNames(Array.from({ length: count }, (_, i) => deep(i)));

  test("have at most 64 folders and keep their file", () => {
    const parts = safeName(`${"d/".repeat(500)}file.txt`).split("/");
    expect(parts).toHaveLength(65);
    expect(parts.at(-1)).toBe("file.txt");
    expect(safeName(`${"d/".repeat(64)}file.txt`)).toBe(`${"d/".repeat(64)}file.txt`);
  });

  test("fold each name and its folders a fixed number of times, however deep they are", () => {
    const once = callsOf("normalize", () => namesOf(100));
    const twice = callsOf("normalize", () => namesOf(200));
    expect(twice).toBe(2 * once);
    // For each name: its segments, its folders and itself, but not once more for each folder above it.
    expect(once / 100).toBeLessThanOrEqual(65 + 2 * 2);
  });

  test.each([
    ["dots", `${".".repeat(1000)}x`],
    ["dots and spaces", `${" .".repeat(500)}x`],
    ["nothing but dots", ".".repeat(1000)],
  ])("of %s are trimmed without a regular expression", (_, path) => {
    const trimming = vi.spyOn(String.prototype, "replace");
    onTestFinished(() => trimming.mockRestore());
    safeName(path);
    const patterns = trimming.mock.calls.map(([pattern]) => String(pattern));
    trimming.mockRestore();
    expect(patterns.filter((pattern) => pattern.includes("+$"))).toEqual([]);
  });

  test("are numbered if a folder has the same name, at any depth, and only then", () => {
    const folders = new FolderSet(["a", "a/b", "a/b/c"]);
    folders.addAbove("A/b/ç/file");
    for (const name of ["a", "a/b", "a/b/c\u0327"]) expect(folders.has(name)).toBe(true);
    for (const name of ["", "b", "a/", "a/b/c", "a/b/c\u0327/file"]) {
      expect(folders.has(name)).toBe(false);
    }
    expect(
      uniqueNames(["a/b/c/d", "a/b", "a/b/c"].map((path) => ({ path, isFolder: false }))),
    ).toEqual(["a/b/c/d", "a/b (2)", "a/b/c (2)"]);
  });
});

describe("an archive spec", () => {
  test("with very many invalid entries is refused at the first one", () => {
    let looks = 0;
    const faulty = new Proxy({} as Record<string, unknown>, {
      get(target, key, receiver) {
        if (key === "key") looks++;
        return Reflect.get(target, key, receiver);
      },
    });
    const entries = new Array(100_000).fill(faulty);
    expect(() => parseArchiveSpec({ entries })).toThrow(/^zip\.entries\.0\.key/);
    expect(looks).toBeGreaterThan(0);
    expect(looks).toBeLessThan(10);
  });

  test("with too many entries is refused without reading them", () => {
    const { entries, seen } = watched(1_000_000, { key: "k" });
    expect(() => parseArchiveSpec({ entries }, { maxEntries: 10_000 })).toThrow(/1,000,000 files/);
    expect(seen.size).toBe(0);
  });
});

describe("a scope", () => {
  const within = (key: string) => () =>
    assertWithinScope({ entries: [{ key }] }, { id: "c", prefixes: ["p/"] });

  test("decodes a key a few times and refuses one that needs more", () => {
    const calls = callsOf("replace", () => {
      expect(within(`p/%${"25".repeat(510)}`)).toThrow(ZiplinkError);
    });
    expect(calls).toBeLessThanOrEqual(12);
    expect(within("p/100%25 sure.txt")).not.toThrow();
    expect(within("p/%2525.txt")).not.toThrow();
    expect(within("p/%25252e%25252e%25252fq")).toThrow(ZiplinkError);
  });
});

describe("refusals of a planner", () => {
  const objects = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`p/${i}`, "1"]));

  function plannerOf(cacheSeconds: number) {
    const source = counting(createMemorySource(objects));
    const limits = { maxEntries: 10, maxBytes: 1e9 };
    const plan = (spec: ArchiveSpec) => planArchive(spec, source, { limits });
    return { source, planner: createPlanner({ plan, cacheSeconds }) };
  }

  test("beyond a limit are cached as long as plans are", async () => {
    const { source, planner } = plannerOf(60);
    for (let i = 0; i < 3; i++) {
      expect(await codeOf(planner.plan("h.p.s", { prefix: "p/" }))).toBe("too_many_entries");
    }
    expect(source.counts.lists).toBe(1);
    const forgetful = plannerOf(0);
    for (let i = 0; i < 3; i++) await codeOf(forgetful.planner.plan("h.p.s", { prefix: "p/" }));
    expect(forgetful.source.counts.lists).toBe(3);
  });

  test("for temporary causes are not", async () => {
    const { source, planner } = plannerOf(60);
    for (let i = 0; i < 2; i++) {
      expect(await codeOf(planner.plan("h.p.s", { prefix: "q/" }))).toBe("not_found");
    }
    expect(source.counts.lists).toBe(2);
  });

  test("are shared by all signatures of a token", async () => {
    const { source, planner } = plannerOf(60);
    await planner.plan("h.p.one", { entries: [{ key: "p/1" }] });
    expect((await planner.plan("h.p.two", { entries: [{ key: "p/1" }] })).isReused).toBe(true);
    expect(source.counts.stats).toBe(1);
  });
});
