import type { BlobSource, ByteRange } from "../blob-source.ts";
import { release } from "../bytes/chunks.ts";
import { coalesce } from "../bytes/coalesce.ts";
import { crc32 } from "../bytes/crc32.ts";
import type { CrcKnowledge } from "../crc/crc-knowledge.ts";
import { EntryCrcs } from "../crc/entry-crcs.ts";
import { ZiplinkError } from "../errors.ts";
import { EntryShape, knownCrc32 } from "../zip/entry-shape.ts";
import { at, encodeEnd, entryAt, indexAt, type Layout } from "../zip/layout.ts";
import type { PlanEntry } from "../zip/plan.ts";
import { frame, frameOffset } from "../zip/stored-blocks.ts";
import { joined, verified } from "./entry-data.ts";
import { entryRead, partWithin, plannedReads, skippedBytes } from "./entry-reads.ts";
import { ReadAhead } from "./read-ahead.ts";
import type { ReadAheadPool } from "./read-ahead-pool.ts";

/** Resources that all downloads of a source share. */
export interface SharedReading {
  /** The checksums that the downloads learn. */
  readonly crcs: CrcKnowledge;
  /** The memory and reads allowed for reading ahead. */
  readonly readAhead: ReadAheadPool;
}

/** The part of an archive being sent, and the progress within it. */
interface Sending {
  readonly layout: Layout;
  readonly range: ByteRange;
  readonly reads: ReadAhead;
  readonly crcs: EntryCrcs;
  position: number;
}

/**
 * Yields bytes `[start, end)` of the archive: the entries, the central directory, made while it is sent, and
 * the end records (APPNOTE 4.3.6). After the first bytes, the checksums that the rest must state are
 * obtained in the background.
 */
export async function* archiveBytes(
  layout: Layout,
  source: BlobSource,
  range: ByteRange,
  shared: SharedReading,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  const crcs = new EntryCrcs(layout, source, skippedBytes(layout, range), shared.crcs, signal);
  const reads = new ReadAhead(source, plannedReads(layout, range), shared.readAhead, signal);
  const sending: Sending = { layout, range, reads, crcs, position: range.start };
  try {
    for await (const chunk of coalesce(allRecords(sending))) {
      yield chunk;
      crcs.start();
    }
    assertPosition(sending, range.end);
  } finally {
    await reads.close();
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

/** Yields one entry: local header, data, and data descriptor if it has one. */
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
  const read = entryRead(layout, range, index);

  if (shape.hasDescriptor) {
    yield take(sending, shape.encodeLocalHeader(0), offset);
    yield* framedData(sending, index, entry, read, dataOffset);
    if (range.end <= dataEnd) return;
    yield take(sending, shape.encodeDataDescriptor(await crcs.get(index)), dataEnd);
  } else if (knownCrc32(entry) !== undefined || shape.needsCrcFirst) {
    const crc = range.start < dataOffset ? await crcs.get(index) : knownCrc32(entry);
    if (crc !== undefined) yield take(sending, shape.encodeLocalHeader(crc), offset);
    yield* storedData(sending, index, entry, crc, read, dataOffset);
  } else {
    const data = await joined(sending.reads.read(entry.blob, read), entry.blob.size);
    crcs.learn(index, crc32(data));
    yield take(sending, shape.encodeLocalHeader(await crcs.get(index)), offset);
    yield take(sending, data, dataOffset);
  }
}

/**
 * Yields data whose header states its CRC-32; checks it if all of the entry's data is sent. Where the
 * header is not sent and the CRC not known, sums the data for the central directory.
 */
async function* storedData(
  sending: Sending,
  index: number,
  entry: PlanEntry,
  crc: number | undefined,
  read: ByteRange,
  dataOffset: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { reads, crcs } = sending;
  const isWhole = read.start === 0 && read.end === entry.blob.size;
  const chunks = reads.read(entry.blob, read);
  const sum = crc === undefined ? crcs.sum(index, read.start) : undefined;
  const onWrong = () => crcs.reject(index);
  let offset = read.start;
  for await (const chunk of isWhole ? verified(chunks, entry, crc, onWrong) : chunks) {
    sum?.add(chunk);
    const { length } = chunk; // read now, as the receiver may release the chunk
    yield take(sending, chunk, dataOffset + offset);
    offset += length;
  }
  if (sum) crcs.learnSent(index, sum);
}

/** Yields data framed as stored DEFLATE blocks; sums it for the descriptor. */
async function* framedData(
  sending: Sending,
  index: number,
  entry: PlanEntry,
  read: ByteRange,
  dataOffset: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { blockBytes } = sending.layout.plan.format;
  const sum = sending.crcs.sum(index, read.start);
  let offset = read.start;
  for await (const chunk of sending.reads.read(entry.blob, read)) {
    sum.add(chunk);
    const framed = frame(chunk, offset, entry.blob.size, blockBytes);
    const { length } = chunk;
    release(chunk);
    yield take(sending, framed, dataOffset + frameOffset(offset, blockBytes));
    offset += length;
  }
  sending.crcs.learnSent(index, sum);
}

/**
 * Returns the requested part of `bytes`, which are at `offset` in the archive. Throws unless it follows
 * directly on the bytes sent before: this checks each record against the layout.
 */
function take(sending: Sending, bytes: Uint8Array, offset: number): Uint8Array {
  const { start, end } = partWithin(sending.range, offset, bytes.length);
  const part = bytes.subarray(start, end);
  if (part.length > 0) assertPosition(sending, offset + start);
  sending.position += part.length;
  return part;
}

function assertPosition(sending: Sending, expected: number): void {
  if (sending.position === expected) return;
  throw new ZiplinkError("internal", "The archive does not follow its layout.", {
    details: { position: sending.position, expected },
  });
}
