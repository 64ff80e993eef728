/**
 * Data whose CRC-32 is not known before it is sent needs a data descriptor, and many streaming readers
 * refuse that on a stored entry. So it is sent as a DEFLATE stream of stored blocks (RFC 1951, 3.2.4):
 * every reader takes it, nothing is compressed, and each byte keeps a place that arithmetic can find.
 */

import { allocateChunk } from "../bytes/chunks.ts";

/** Bytes before each block: the type, the length, and the length's complement. */
const BLOCK_HEADER = 5;

/** The longest stored block that DEFLATE allows. */
export const MAX_BLOCK_BYTES = 65_535;

const blockCount = (size: number, blockBytes: number): number =>
  Math.max(1, Math.ceil(size / blockBytes));

/** Length in bytes of `size` bytes framed as blocks of `blockBytes`. */
export function framedLength(size: number, blockBytes: number): number {
  return size + BLOCK_HEADER * blockCount(size, blockBytes);
}

/**
 * Where to start reading the data so as to produce the framed stream from `framedOffset` on, and how
 * many bytes of what `frame` makes of it to drop first: a cut inside a block header drops a part of it.
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
 * Where the framed form of the data at `offset` begins, its block header included if a block starts
 * there: the place of what `frame` makes of it.
 */
export function frameOffset(offset: number, blockBytes: number): number {
  return offset + BLOCK_HEADER * Math.ceil(offset / blockBytes);
}

/**
 * The framed form of `chunk`, which stands at `offset` in data of `size` bytes: a block header wherever
 * a block starts. Pure, so that a stream may begin at any offset. At a cut that falls right behind a
 * header (see `locateFramed`) the header is there and is to be dropped.
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
