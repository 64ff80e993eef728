/** Length of the chunks that large objects are read and sent in, in bytes. */
export const CHUNK_BYTES = 256 * 1024;

/** A chunk and what framing adds to it. */
const CAPACITY = CHUNK_BYTES + 1024;

/** Less than this is allocated as it is: it would waste too much of a buffer. */
const WORTH_POOLING = CAPACITY / 8;

/** How many buffers are kept while nobody needs them: 8 MiB. */
const MAX_FREE = 32;

const free: ArrayBuffer[] = [];
const lent = new WeakSet<ArrayBufferLike>();

/**
 * A chunk of `length` bytes, of whatever content, to be filled. Downloads go through gigabytes of
 * chunks, and collecting them as garbage costs more than all else that is done to them; so who has
 * one and is done with it calls `recycle`. Who does not leaves it to the garbage collector.
 */
export function allocateChunk(length: number): Buffer {
  if (length < WORTH_POOLING || length > CAPACITY) return Buffer.allocUnsafeSlow(length);
  const buffer = free.pop() ?? Buffer.allocUnsafeSlow(CAPACITY).buffer;
  lent.add(buffer);
  return Buffer.from(buffer, 0, length);
}

/**
 * Gives back a chunk, or a part of one, that nobody will look at again: its owner alone may do so,
 * once. Bytes that did not come from `allocateChunk` are left alone.
 */
export function recycle(chunk: Uint8Array): void {
  const { buffer } = chunk;
  if (lent.delete(buffer) && buffer instanceof ArrayBuffer && free.length < MAX_FREE) {
    free.push(buffer);
  }
}
