/**
 * Data whose CRC-32 is unknown before it is sent needs a data descriptor, which many streaming readers
 * refuse on a stored entry. So it is sent as a DEFLATE stream of stored blocks (RFC 1951, 3.2.4): every
 * reader accepts it, nothing is compressed, and the offset of each byte can still be calculated.
 */

import { allocateChunk } from "../bytes/chunks.ts";

/** Bytes before each block: the type, the length, and the length's complement. */
const BLOCK_HEADER = 5;

/** Maximum length of a stored block in DEFLATE, in bytes. */
export const MAX_BLOCK_BYTES = 65_535;

const blockCount = (size: number, blockBytes: number): number =>
  Math.max(1, Math.ceil(size / blockBytes));

/** Returns the length in bytes of `size` bytes framed as blocks of `blockBytes`. */
export function framedLength(size: number, blockBytes: number): number {
  return size + BLOCK_HEADER * blockCount(size, blockBytes);
}

/**
 * Returns where to start reading the data to produce the framed stream from `framedOffset` on, and how
 * many bytes to drop from the start of the result of `frame`: a cut inside a block header drops part of
 * that header.
 */
export function locateFramed(
  framedOffset: number,
  blockBytes: number,
): { readonly dataOffset: number; readonly drop: number } {
  const block = Math.floor(framedOffset / (BLOCK_HEADER + blockBytes));
  const within = framedOffset - block * (BLOCK_HEADER + blockBytes);
  return within <= BLOCK_HEADER
    ? { dataOffset: block * blockBytes, drop: within }
    : { dataOffset: block * blockBytes + within - BLOCK_HEADER, drop: 0 };
}

/**
 * Returns the framed offset at which the result of `frame` for data at `offset` begins. If a block starts
 * there, that is the offset of its header.
 */
export function frameOffset(offset: number, blockBytes: number): number {
  return offset + BLOCK_HEADER * Math.ceil(offset / blockBytes);
}

/**
 * Frames `chunk`, which is at `offset` in data of `size` bytes, with a block header wherever a block
 * starts. Pure, so that a stream may begin at any offset. If a stream begins immediately after a block
 * header, the result still contains that header, for the caller to drop (see `locateFramed`).
 */
export function frame(
  chunk: Uint8Array,
  offset: number,
  size: number,
  blockBytes: number,
): Uint8Array {
  const firstBlock = Math.ceil(offset / blockBytes);
  const endBlock = Math.ceil((offset + chunk.length) / blockBytes);
  const framed = allocateChunk(chunk.length + BLOCK_HEADER * (endBlock - firstBlock));
  let from = 0;
  let at = 0;
  for (let block = firstBlock; block < endBlock; block++) {
    const start = block * blockBytes - offset;
    framed.set(chunk.subarray(from, start), at);
    at += start - from;
    from = start;
    const length = Math.min(blockBytes, size - block * blockBytes);
    framed[at++] = block === blockCount(size, blockBytes) - 1 ? 1 : 0; // BFINAL, BTYPE=00
    framed.writeUInt16LE(length, at); // LEN
    framed.writeUInt16LE(~length & 0xffff, at + 2); // NLEN
    at += 4;
  }
  framed.set(chunk.subarray(from), at);
  return framed;
}
