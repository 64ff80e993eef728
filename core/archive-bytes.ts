import type { BlobSource, ByteRange } from "./blob-source.ts";
import { coalesce } from "./coalesce.ts";
import type { CrcKnowledge } from "./crc/crc-knowledge.ts";
import { EntryCrcs, type SkippedBytes } from "./crc/entry-crcs.ts";
import { ZiplinkError } from "./errors.ts";
import type { PlanEntry } from "./plan.ts";
import { readRange } from "./read-range.ts";
import { crc32 } from "./zip/crc32.ts";
import { EntryShape, knownCrc32 } from "./zip/entry-shape.ts";
import { at, encodeEnd, entryAt, indexAt, type Layout } from "./zip/layout.ts";
import { frame, locateFramed } from "./zip/stored-blocks.ts";

/** The part of an archive that is being sent, and how far that has come. */
interface Sending {
  readonly layout: Layout;
  readonly source: BlobSource;
  readonly range: ByteRange;
  readonly signal: AbortSignal;
  readonly crcs: EntryCrcs;
  position: number;
}

/**
 * Bytes `[start, end)` of the archive: the entries, the central directory made while it is sent, and
 * the end records (APPNOTE 4.3.6). Once the first bytes are out, the checksums that the rest will
 * state are seen to.
 */
export async function* archiveBytes(
  layout: Layout,
  source: BlobSource,
  range: ByteRange,
  knowledge: CrcKnowledge,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const crcs = new EntryCrcs(layout, source, skippedBytes(layout, range), knowledge, signal);
  const sending: Sending = { layout, source, range, signal, crcs, position: range.start };
  try {
    for await (const chunk of coalesce(allRecords(sending))) {
      yield chunk;
      crcs.start();
    }
    assertPosition(sending, range.end);
  } finally {
    await crcs.close();
  }
}

async function* allRecords(sending: Sending): AsyncGenerator<Uint8Array, void, undefined> {
  const { layout, range, crcs } = sending;
  const { entries, format } = layout.plan;
  const { localOffsets, centralOffsets } = layout;
  const endRecords = at(centralOffsets, entries.length);

  for (let i = indexAt(localOffsets, range.start); i < entries.length; i++) {
    if (at(localOffsets, i) >= range.end) break;
    yield* entryBytes(sending, i, entryAt(layout, i));
  }
  for (let i = indexAt(centralOffsets, range.start); i < entries.length; i++) {
    const offset = at(centralOffsets, i);
    if (offset >= range.end) break;
    const shape = new EntryShape(entryAt(layout, i), format);
    const header = shape.encodeCentralHeader(await crcs.get(i), at(localOffsets, i));
    yield take(sending, header, offset);
  }
  if (range.end > endRecords) yield take(sending, encodeEnd(layout), endRecords);
}

/**
 * What the range does not send of entries whose CRC-32 it states, in a descriptor or in the central
 * directory; in the order in which it states them.
 */
function skippedBytes(layout: Layout, { start, end }: ByteRange): SkippedBytes[] {
  const { localOffsets, centralOffsets, plan } = layout;
  const { blockBytes } = plan.format;
  const skipped: SkippedBytes[] = [];

  // An entry that the range begins inside of states its CRC behind its data, if it is framed.
  const first = indexAt(localOffsets, start);
  const isCut = first < plan.entries.length && at(localOffsets, first) < start;
  if (isCut) {
    const shape = new EntryShape(entryAt(layout, first), plan.format);
    const dataOffset = at(localOffsets, first) + shape.localHeaderLength;
    const dataEnd = dataOffset + shape.compressedSize;
    if (shape.hasDescriptor && end > dataEnd && start > dataOffset) {
      const sentFrom = locateFramed(start - dataOffset, blockBytes).dataOffset;
      skipped.push({ index: first, size: start < dataEnd ? sentFrom : sizeOf(layout, first) });
    }
  }
  const sentFrom = isCut ? first + 1 : first;
  for (let i = indexAt(centralOffsets, start); i < sentFrom && i < plan.entries.length; i++) {
    if (at(centralOffsets, i) >= end) break;
    if (i !== skipped[0]?.index) skipped.push({ index: i, size: sizeOf(layout, i) });
  }
  return skipped;
}

function sizeOf(layout: Layout, index: number): number {
  return entryAt(layout, index).blob.size;
}

/** One entry: local header, data, and a descriptor where there is one. */
async function* entryBytes(
  sending: Sending,
  index: number,
  entry: PlanEntry,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { layout, range, crcs } = sending;
  const shape = new EntryShape(entry, layout.plan.format);
  const offset = at(layout.localOffsets, index);
  const dataOffset = offset + shape.localHeaderLength;
  const dataEnd = dataOffset + shape.compressedSize;

  if (shape.hasDescriptor) {
    yield take(sending, shape.encodeLocalHeader(0), offset);
    yield* framedData(sending, index, entry, dataOffset, shape.compressedSize);
    if (range.end <= dataEnd) return;
    yield take(sending, shape.encodeDataDescriptor(await crcs.get(index)), dataEnd);
  } else if (knownCrc32(entry) !== undefined) {
    yield take(sending, shape.encodeLocalHeader(await crcs.get(index)), offset);
    yield* storedData(sending, entry, dataOffset);
  } else {
    const data = await readWhole(sending, entry);
    crcs.learn(index, crc32(data));
    yield take(sending, shape.encodeLocalHeader(await crcs.get(index)), offset);
    yield take(sending, data, dataOffset);
  }
}

/** Data behind a header that states its CRC-32; checked against it when all of it goes by. */
async function* storedData(
  sending: Sending,
  entry: PlanEntry,
  dataOffset: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { size } = entry.blob;
  const start = clamp(sending.range.start - dataOffset, size);
  const end = clamp(sending.range.end - dataOffset, size);
  let crc = 0;
  let offset = start;
  for await (const chunk of readRange(sending.source, entry.blob, { start, end }, sending.signal)) {
    crc = crc32(chunk, crc);
    const last = offset + chunk.length === size;
    // The last bytes are held back if they are wrong, so that the entry never looks whole.
    if (last && start === 0 && crc !== knownCrc32(entry)) throw wrongCrc();
    yield take(sending, chunk, dataOffset + offset);
    offset += chunk.length;
  }
}

/** Data framed as stored DEFLATE blocks; its CRC-32 is learnt on the way, for the descriptor. */
async function* framedData(
  sending: Sending,
  index: number,
  entry: PlanEntry,
  dataOffset: number,
  framedSize: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { blockBytes } = sending.layout.plan.format;
  const { size } = entry.blob;
  const from = clamp(sending.range.start - dataOffset, framedSize);
  const to = clamp(sending.range.end - dataOffset, framedSize);
  if (from === to) return;
  const { dataOffset: start, drop } = locateFramed(from, blockBytes);
  // A cut inside a block header still needs the block's first byte: headers come with their data.
  const cut = locateFramed(to, blockBytes);
  const end = Math.min(size, cut.drop > 0 ? cut.dataOffset + 1 : cut.dataOffset);

  let offset = start;
  let framedOffset = from - drop;
  for await (const chunk of readRange(sending.source, entry.blob, { start, end }, sending.signal)) {
    sending.crcs.update(index, chunk, offset);
    const framed = frame(chunk, offset, size, blockBytes);
    yield take(sending, framed, dataOffset + framedOffset);
    offset += chunk.length;
    framedOffset += framed.length;
  }
}

async function readWhole(sending: Sending, entry: PlanEntry): Promise<Uint8Array> {
  const { size } = entry.blob;
  const data = new Uint8Array(size);
  let offset = 0;
  const chunks = readRange(sending.source, entry.blob, { start: 0, end: size }, sending.signal);
  for await (const chunk of chunks) {
    data.set(chunk, offset);
    offset += chunk.length;
  }
  return data;
}

/**
 * The part of `bytes`, which stand at `offset` of the archive, that is asked for. It must follow on
 * what was sent before: this is where the layout's promise is checked.
 */
function take(sending: Sending, bytes: Uint8Array, offset: number): Uint8Array {
  const { range } = sending;
  const from = clamp(range.start - offset, bytes.length);
  const part = bytes.subarray(from, clamp(range.end - offset, bytes.length));
  if (part.length > 0) assertPosition(sending, offset + from);
  sending.position += part.length;
  return part;
}

function assertPosition(sending: Sending, expected: number): void {
  if (sending.position === expected) return;
  throw new ZiplinkError("internal", "The archive does not follow its layout.", {
    details: { position: sending.position, expected },
  });
}

function clamp(value: number, max: number): number {
  return Math.min(Math.max(value, 0), max);
}

function wrongCrc(): ZiplinkError {
  return new ZiplinkError("corrupt", "An object's bytes do not match the checksum stated for it.");
}
