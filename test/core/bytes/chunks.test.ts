import { expect, onTestFinished, test, vi } from "vitest";
import { allocateChunk, CHUNK_BYTES, release, trimChunk } from "../../../core/bytes/chunks.ts";

test("a chunk that is released has no bytes any more, whatever looks at it", () => {
  const chunk = allocateChunk(CHUNK_BYTES);
  const part = chunk.subarray(100, 200);
  expect(chunk).toHaveLength(CHUNK_BYTES);
  release(part);
  expect([chunk.length, part.length, chunk.buffer.byteLength]).toEqual([0, 0, 0]);
  release(chunk);
});

test("a chunk that is hardly filled does not hold on to all of its memory", () => {
  const few = trimChunk(allocateChunk(CHUNK_BYTES).fill(7), 1000);
  expect(few).toEqual(Buffer.alloc(1000, 7));
  expect(few.buffer.byteLength).toBe(1000);
  const many = allocateChunk(CHUNK_BYTES).fill(7);
  expect(trimChunk(many, CHUNK_BYTES - 1).buffer).toBe(many.buffer);
  expect(trimChunk(many, CHUNK_BYTES - 1)).toHaveLength(CHUNK_BYTES - 1);
});

test("bytes of others are left alone", () => {
  const foreign = Buffer.alloc(CHUNK_BYTES, 7);
  const slice = Buffer.from("of a slab that many share");
  release(foreign);
  release(slice);
  expect(foreign.every((byte) => byte === 7)).toBe(true);
  expect(slice.toString()).toBe("of a slab that many share");
});

test("memory that is released is used again, and given back once it was not needed for a while", async () => {
  vi.useFakeTimers();
  onTestFinished(() => void vi.useRealTimers());
  vi.resetModules(); // one that the tests before have not used, so that its clock is ours
  const { allocateChunk, release } = await import("../../../core/bytes/chunks.ts");
  const COUNT = 200;
  const before = process.memoryUsage().arrayBuffers;
  /** Of the chunks that there were at most: how much of their memory is held. Others have little. */
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
