import { expect, test } from "vitest";
import { allocateChunk, CHUNK_BYTES, release, trimChunk } from "../core/chunks.ts";

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
