import { expect, test } from "vitest";
import { allocateChunk, CHUNK_BYTES, recycle } from "../core/chunk-pool.ts";

test("a chunk that is given back is used again, once", () => {
  const one = allocateChunk(CHUNK_BYTES);
  expect(one).toHaveLength(CHUNK_BYTES);
  recycle(one.subarray(100, 200));
  recycle(one);
  const two = allocateChunk(CHUNK_BYTES);
  expect(two.buffer).toBe(one.buffer);
  expect(allocateChunk(CHUNK_BYTES).buffer).not.toBe(one.buffer);
});

test("what is not the pool's is left alone", () => {
  const foreign = Buffer.alloc(CHUNK_BYTES);
  recycle(foreign);
  expect(allocateChunk(CHUNK_BYTES).buffer).not.toBe(foreign.buffer);
  for (const length of [0, 10, 10 * CHUNK_BYTES]) {
    const chunk = allocateChunk(length);
    expect(chunk).toHaveLength(length);
    recycle(chunk);
    expect(allocateChunk(length).buffer).not.toBe(chunk.buffer);
  }
});
