import { expect, onTestFinished, test, vi } from "vitest";
import { allocateChunk, CHUNK_BYTES, release, trimChunk } from "../../../core/bytes/chunks.ts";

test("after its release, every view of a chunk is empty", () => {
  const chunk = allocateChunk(CHUNK_BYTES);
  const part = chunk.subarray(100, 200);
  expect(chunk).toHaveLength(CHUNK_BYTES);
  release(part);
  expect([chunk.length, part.length, chunk.buffer.byteLength]).toEqual([0, 0, 0]);
  release(chunk);
});

test("a mostly empty chunk does not keep all of its memory", () => {
  const few = trimChunk(allocateChunk(CHUNK_BYTES).fill(7), 1000);
  expect(few).toEqual(Buffer.alloc(1000, 7));
  expect(few.buffer.byteLength).toBe(1000);
  const many = allocateChunk(CHUNK_BYTES).fill(7);
  expect(trimChunk(many, CHUNK_BYTES - 1).buffer).toBe(many.buffer);
  expect(trimChunk(many, CHUNK_BYTES - 1)).toHaveLength(CHUNK_BYTES - 1);
});

test("bytes that are not a chunk are left alone", () => {
  const foreign = Buffer.alloc(CHUNK_BYTES, 7);
  const slice = Buffer.from("of a slab that many share");
  release(foreign);
  release(slice);
  expect(foreign.every((byte) => byte === 7)).toBe(true);
  expect(slice.toString()).toBe("of a slab that many share");
});

test("released memory is reused, and freed after it was not needed for a while", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  vi.resetModules(); // a fresh module, unused by earlier tests, so that it uses the fake timers
  const { allocateChunk, release } = await import("../../../core/bytes/chunks.ts");
  const COUNT = 200;
  const before = process.memoryUsage().arrayBuffers;
  /** Memory held of all the chunks that existed at the peak. Other buffers take little. */
  const held = () => (process.memoryUsage().arrayBuffers - before) / (COUNT * CHUNK_BYTES);
  const useAtOnce = (count: number) => {
    const chunks = Array.from({ length: count }, () => allocateChunk(CHUNK_BYTES));
    for (const chunk of chunks) release(chunk);
  };
  useAtOnce(COUNT);
  expect(held()).toBeCloseTo(1, 1);

  for (let second = 0; second < 3; second++) {
    useAtOnce(COUNT / 2);
    vi.advanceTimersByTime(1000);
  }
  expect(held()).toBeCloseTo(0.5, 1);

  vi.advanceTimersByTime(2000);
  expect(held()).toBeCloseTo(0, 1);
  expect(vi.getTimerCount()).toBe(0);
});
