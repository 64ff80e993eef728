import { allocateChunk, release } from "./chunks.ts";

/** Chunks up to this length are copied together: a copy costs less than passing on a small chunk. */
const SMALL = 16 * 1024;
const BUFFER = 64 * 1024;

/** Yields the same bytes in fewer chunks: joins runs of small chunks, passes large ones unchanged. */
export async function* coalesce(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let buffer = allocateChunk(BUFFER);
  let filled = 0;
  for await (const chunk of chunks) {
    const fits = filled + chunk.length <= BUFFER;
    if (filled > 0 && !(chunk.length <= SMALL && fits)) {
      yield buffer.subarray(0, filled);
      buffer = allocateChunk(BUFFER);
      filled = 0;
    }
    if (chunk.length <= SMALL) {
      buffer.set(chunk, filled);
      filled += chunk.length;
      release(chunk);
    } else {
      yield chunk;
    }
  }
  if (filled > 0) yield buffer.subarray(0, filled);
}
