import type { ByteRange } from "../blob-source.ts";
import type { SkippedBytes } from "../crc/entry-crcs.ts";
import { EntryShape, knownCrc32 } from "../zip/entry-shape.ts";
import { at, entryAt, indexAt, type Layout } from "../zip/layout.ts";
import { locateFramed } from "../zip/stored-blocks.ts";
import type { PlannedRead } from "./read-ahead.ts";

/**
 * Returns the bytes of an entry's object that must be read in order to send a range of the archive; may be
 * empty. An entry whose header must state a CRC-32 that is not known is read whole.
 */
export function entryRead(layout: Layout, range: ByteRange, index: number): ByteRange {
  const entry = entryAt(layout, index);
  const { size } = entry.blob;
  const { blockBytes } = layout.plan.format;
  const shape = new EntryShape(entry, layout.plan.format);
  const offset = at(layout.localOffsets, index);
  const dataOffset = offset + shape.localHeaderLength;
  const { start: from, end: to } = partWithin(range, dataOffset, shape.compressedSize);

  if (shape.hasDescriptor) {
    if (from === to) return { start: size, end: size };
    const start = locateFramed(from, blockBytes).dataOffset;
    // A cut inside a block header still needs the block's first byte: `frame` writes headers with their data.
    const cut = locateFramed(to, blockBytes);
    return { start, end: Math.min(size, cut.drop > 0 ? cut.dataOffset + 1 : cut.dataOffset) };
  }
  if (knownCrc32(entry) !== undefined || shape.needsCrcFirst) return { start: from, end: to };
  const isTouched = range.start < at(layout.localOffsets, index + 1) && range.end > offset;
  return { start: 0, end: isTouched ? size : 0 };
}

/** Yields all reads of objects needed to send a range of the archive, in order. */
export function* plannedReads(
  layout: Layout,
  range: ByteRange,
): Generator<PlannedRead, void, undefined> {
  const { entries } = layout.plan;
  for (let i = indexAt(layout.localOffsets, range.start); i < entries.length; i++) {
    if (at(layout.localOffsets, i) >= range.end) return;
    yield { blob: entryAt(layout, i).blob, ...entryRead(layout, range, i) };
  }
}

/**
 * Returns the bytes that a range of the archive does not send, but whose CRC-32 it needs. A range states an
 * entry's CRC-32 in the local header, the data descriptor or the central directory. For each such entry, these
 * are the bytes that the range has not sent by then, in the order in which it needs the CRC-32s.
 */
export function skippedBytes(layout: Layout, range: ByteRange): SkippedBytes[] {
  const { localOffsets, centralOffsets, plan } = layout;
  const count = plan.entries.length;
  const skipped = new Map<number, SkippedBytes>();
  const skip = (index: number, size: number) => {
    if (!skipped.has(index)) skipped.set(index, { index, size });
  };

  const first = indexAt(localOffsets, range.start);
  const isCut = first < count && at(localOffsets, first) < range.start;
  if (plan.format.headerCrc === "always") {
    for (let i = first; i < count && at(localOffsets, i) < range.end; i++) {
      const { needsCrcFirst, localHeaderLength } = new EntryShape(entryAt(layout, i), plan.format);
      const dataOffset = at(localOffsets, i) + localHeaderLength;
      if (needsCrcFirst && range.start < dataOffset) skip(i, entryAt(layout, i).blob.size);
    }
  }
  // If the range begins inside an entry's data, it still states that entry's CRC, after the data.
  if (isCut) {
    const shape = new EntryShape(entryAt(layout, first), plan.format);
    const dataEnd = at(localOffsets, first + 1) - shape.dataDescriptorLength;
    const { start } = entryRead(layout, range, first);
    const isStatedBehind = shape.hasDescriptor || shape.needsCrcFirst;
    if (isStatedBehind && range.end > dataEnd) skip(first, start);
  }
  const sentFrom = isCut ? first + 1 : first;
  for (let i = indexAt(centralOffsets, range.start); i < Math.min(sentFrom, count); i++) {
    if (at(centralOffsets, i) >= range.end) break;
    skip(i, entryAt(layout, i).blob.size);
  }
  return [...skipped.values()];
}

/** Returns the part of `length` bytes at `offset` in the archive that a range of it covers; may be empty. */
export function partWithin({ start, end }: ByteRange, offset: number, length: number): ByteRange {
  return { start: clamp(start - offset, length), end: clamp(end - offset, length) };
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}
