/** Length, in bytes, of the chunks in which large objects are read and sent. */
export const CHUNK_BYTES = 256 * 1024;

/** Room for a chunk and the bytes that framing adds to it. */
const CAPACITY = CHUNK_BYTES + 1024;

/** Smaller buffers are left to the garbage collector, which copes well with them. */
const WORTH_FREEING = 16 * 1024;

/** How long unused memory is kept before it is freed, in milliseconds. */
const KEEP_MS = 1000;

/** Released buffers waiting to be reused, most recent last. */
const kept: ArrayBuffer[] = [];
/** The lowest length of `kept` since the last sweep: that many buffers were not needed. */
let spare = 0;
let sweeping: NodeJS.Timeout | undefined;
const owned = new WeakSet<ArrayBufferLike>();

/**
 * Returns a chunk of `length` bytes with arbitrary content, for the caller to fill. The owner of a chunk
 * should call `release` when done with it; a chunk that is not released is left to the garbage collector.
 *
 * Downloads go through gigabytes of chunks. V8 hardly counts that memory, so it collects chunks late,
 * and that costs more than everything else done to them.
 */
export function allocateChunk(length: number): Buffer<ArrayBuffer> {
  const isFull = length > CAPACITY / 2 && length <= CAPACITY;
  const buffer = isFull ? takeFull() : Buffer.allocUnsafeSlow(length).buffer;
  if (length >= WORTH_FREEING) owned.add(buffer);
  return Buffer.from(buffer, 0, length);
}

/** Turns `bytes` into a chunk that `release` frees. No other view of their memory may exist. */
export function adopt(bytes: Buffer<ArrayBuffer>): void {
  if (bytes.length >= WORTH_FREEING) owned.add(bytes.buffer);
}

/**
 * Returns the first `length` bytes of a chunk. The result keeps at most twice that much memory alive: if
 * the chunk is larger, the bytes are copied and the chunk is released.
 */
export function trimChunk(chunk: Buffer<ArrayBuffer>, length: number): Uint8Array {
  if (length * 2 >= chunk.buffer.byteLength) return chunk.subarray(0, length);
  const trimmed = allocateChunk(length);
  chunk.copy(trimmed, 0, 0, length);
  release(chunk);
  return trimmed;
}

/**
 * Frees the memory of a chunk, given the chunk or any part of it. Only the owner may do so. Every view of
 * that memory is empty afterwards, so that a use after release never sees bytes written by the next owner.
 * Does nothing for bytes that come neither from `allocateChunk` nor from `adopt`.
 */
export function release(chunk: Uint8Array): void {
  const { buffer } = chunk;
  if (!owned.delete(buffer) || !(buffer instanceof ArrayBuffer)) return;
  if (buffer.byteLength === CAPACITY) keep(buffer.transfer());
  else buffer.transfer(0);
}

function takeFull(): ArrayBuffer {
  const buffer = kept.pop();
  spare = Math.min(spare, kept.length);
  return buffer ?? Buffer.allocUnsafeSlow(CAPACITY).buffer;
}

/**
 * Keeps a buffer for reuse. If it were freed, the system would take its pages back and supply new, zeroed
 * ones for the next chunk. So as many buffers are kept as were in use at once; `sweep` frees those that
 * were not needed for a whole period.
 */
function keep(buffer: ArrayBuffer): void {
  kept.push(buffer);
  sweeping ??= setInterval(sweep, KEEP_MS).unref();
}

function sweep(): void {
  for (const buffer of kept.splice(0, spare)) buffer.transfer(0);
  spare = kept.length;
  if (spare > 0) return;
  clearInterval(sweeping);
  sweeping = undefined;
}
