/** Length of the chunks that large objects are read and sent in, in bytes. */
export const CHUNK_BYTES = 256 * 1024;

/** A chunk and what framing adds to it. */
const CAPACITY = CHUNK_BYTES + 1024;

/** Less than this is left to the garbage collector, which has no trouble with it. */
const WORTH_FREEING = 16 * 1024;

/** After how long memory that nobody has needed is given back, in milliseconds. */
const KEEP_MS = 1000;

/** What has been released and waits to be used again, the latest last. */
const kept: ArrayBuffer[] = [];
/** The fewest that `kept` has had since the last look: so many of them nobody has needed. */
let spare = 0;
let sweeping: NodeJS.Timeout | undefined;
const owned = new WeakSet<ArrayBufferLike>();

/**
 * A chunk of `length` bytes, of whatever content, to be filled. Downloads go through gigabytes of
 * chunks; V8 counts them as next to nothing, so it lets them lie, and collecting them late costs more
 * than all else that is done to them. So who has one and is done with it calls `release`. Who does not
 * leaves it to the garbage collector.
 */
export function allocateChunk(length: number): Buffer<ArrayBuffer> {
  const isFull = length > CAPACITY / 2 && length <= CAPACITY;
  const buffer = isFull ? takeFull() : Buffer.allocUnsafeSlow(length).buffer;
  if (length >= WORTH_FREEING) owned.add(buffer);
  return Buffer.from(buffer, 0, length);
}

/** Makes bytes that nobody else can look at a chunk, so that `release` frees them. */
export function adopt(bytes: Buffer<ArrayBuffer>): void {
  if (bytes.length >= WORTH_FREEING) owned.add(bytes.buffer);
}

/** The first `length` bytes of a chunk, which hold on to at most twice as much memory as that. */
export function trimChunk(chunk: Buffer<ArrayBuffer>, length: number): Uint8Array {
  if (length * 2 >= chunk.buffer.byteLength) return chunk.subarray(0, length);
  const trimmed = allocateChunk(length);
  chunk.copy(trimmed, 0, 0, length);
  release(chunk);
  return trimmed;
}

/**
 * Gives back the memory of a chunk, or of what a chunk is a part of: its owner alone may do so. Every
 * view of it has no bytes from then on, so that a use behind the release can never see what others put
 * in its place. Bytes that did not come from `allocateChunk` are left alone.
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
 * The system would take the pages back and give others, empty ones, for each new chunk. So there is as
 * much as was in use at once, and what a whole period has not needed goes.
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
