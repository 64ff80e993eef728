import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, test, vi } from "vitest";
import type { ContentCoding } from "../../../core/http/content-coding.ts";
import { Renditions } from "../../../core/http/renditions.ts";
import { codeOf } from "../../support/error-codes.ts";

const tick = () => new Promise(setImmediate);

/** Opens renditions of `length` bytes each, and counts how many are rendered. */
function bed(sentBytes = 1_000_000_000, cacheSeconds = 60) {
  const renditions = new Renditions({ cacheSeconds, sentBytes });
  const render = vi.fn((length: number) => "x".repeat(length));
  const coding = "identity";
  const open = (key: string, length = 10, owner = "me", signal?: AbortSignal) =>
    renditions.open({ key, coding, owner, signal, render: () => render(length) });
  return { open, render };
}

describe("a rendition", () => {
  test("is made once for all that ask for it, and once more for another key", async () => {
    const { open, render } = bed();
    const all = await Promise.all([open("a"), open("a"), open("b"), open("a")]);
    expect(new Set(all.map(({ bytes }) => bytes)).size).toBe(2);
    for (const rendition of all) rendition.release();
    const later = await open("a");
    expect(later.bytes).toBe(all[0]?.bytes);
    expect(Buffer.from(later.bytes).toString()).toBe("x".repeat(10));
    expect(render).toHaveBeenCalledTimes(2);
  });

  test("is made again if none are kept, or if it is larger than all that are kept", async () => {
    const none = bed(undefined, 0);
    for (let i = 0; i < 2; i++) (await none.open("a")).release();
    expect(none.render).toHaveBeenCalledTimes(2);
    const kept = bed();
    for (let i = 0; i < 2; i++) (await kept.open("a", 17 * 1024 * 1024)).release();
    expect(kept.render).toHaveBeenCalledTimes(2);
  });

  test("is made once for each coding", async () => {
    const renditions = new Renditions({ cacheSeconds: 60 });
    const text = "<li>one</li>".repeat(10_000);
    const open = async (coding: ContentCoding) =>
      (await renditions.open({ key: "a", coding, owner: "me", render: () => text })).bytes;
    expect(brotliDecompressSync(await open("br")).toString()).toBe(text);
    expect(gunzipSync(await open("gzip")).toString()).toBe(text);
    expect(Buffer.from(await open("identity")).toString()).toBe(text);
  });

  test("counts once however many it is sent to, until the last has it", async () => {
    const { open } = bed(100);
    const many = await Promise.all(Array.from({ length: 50 }, () => open("a", 40)));
    expect(await codeOf(open("b", 40))).toBe("too_many_requests");
    for (const rendition of many.slice(1)) {
      rendition.release();
      rendition.release(); // once more does nothing
    }
    expect(await codeOf(open("b", 40))).toBe("too_many_requests");
    many[0]?.release();
    expect((await open("b", 40)).bytes).toHaveLength(40);
  });

  test("leaves memory to others, however many one asks for and does not take", async () => {
    const { open } = bed(100);
    const held = await Promise.all([1, 2, 3].map((i) => open(`a${i}`, 15)));
    expect(held).toHaveLength(3);
    expect(await codeOf(open("a4", 15))).toBe("too_many_requests");
    expect((await open("b1", 15, "other")).bytes).toHaveLength(15);
  });

  test("is not even made if there is no memory for it", async () => {
    const { open, render } = bed(100);
    await open("a", 50);
    expect(await codeOf(open("b"))).toBe("too_many_requests");
    expect(render).toHaveBeenCalledTimes(1);
  });

  test("larger than all memory is sent alone", async () => {
    const { open } = bed(100);
    const large = await open("a", 500);
    expect(await codeOf(open("b", 1, "other"))).toBe("too_many_requests");
    large.release();
    const small = await open("b", 1, "other");
    expect(await codeOf(open("c", 500))).toBe("too_many_requests");
    small.release();
    expect((await open("c", 500)).bytes).toHaveLength(500);
  });

  test("fails for all that wait for it, and is tried again", async () => {
    const renditions = new Renditions({ cacheSeconds: 60 });
    const render = vi.fn(() => "fine").mockImplementationOnce(() => expect.unreachable("broken"));
    const open = () => renditions.open({ key: "a", coding: "identity", owner: "me", render });
    const failed = await Promise.allSettled([open(), open()]);
    expect(failed.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect((await open()).bytes).toHaveLength(4);
  });
});

describe("rendering", () => {
  test("happens one at a time, and lets other work go first", async () => {
    const { open, render } = bed();
    const opened = [open("a"), open("b"), open("c")];
    const seen: number[] = [];
    while (render.mock.calls.length < 3) {
      await tick();
      seen.push(render.mock.calls.length);
    }
    // At most one more at each turn of the event loop.
    expect(seen.every((count, i) => count - (seen[i - 1] ?? 0) <= 1)).toBe(true);
    await Promise.all(opened);
  });

  test("does not happen once all that waited for it have left", async () => {
    const { open, render } = bed();
    const [one, two] = [new AbortController(), new AbortController()];
    const waiting = [open("a"), open("b", 1, "me", one.signal), open("b", 1, "me", two.signal)];
    one.abort(new Error("left"));
    two.abort(new Error("left"));
    const results = await Promise.allSettled(waiting);
    expect(results.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "rejected"]);
    await tick();
    expect(render).toHaveBeenCalledTimes(1);
  });
});
