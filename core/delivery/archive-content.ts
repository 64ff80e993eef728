import pMap from "p-map";
import type { BlobSource, ByteRange } from "../blob-source.ts";
import { release } from "../bytes/chunks.ts";
import { combineCrc32, crc32 } from "../bytes/crc32.ts";
import { ZiplinkError } from "../errors.ts";
import { withInlineEntries } from "../source/inline-entries.ts";
import { readRange } from "../source/read-range.ts";
import { EntryShape } from "../zip/entry-shape.ts";
import { at, encodeEnd, entryAt, indexAt, type Layout, layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import type { StoredPart } from "./blob-destination.ts";
import type { ContentChecksums, DeliveryContent, Part } from "./delivery-content.ts";
import { EntryKnowledge } from "./entry-knowledge.ts";

/** How many objects of one part are read at once. */
const READS_PER_PART = 8;

/** The bytes `[start, end)` of an entry's object that a part has, and where they are in the archive. */
interface Piece extends ByteRange {
  readonly index: number;
  readonly position: number;
}

/** How an archive is delivered. */
export interface ArchiveContentOptions {
  /** Its format must have `headerCrc: "always"` and not be compressed. */
  readonly plan: Plan;
  /** Where the objects are read; its passing failures should not show. */
  readonly source: BlobSource;
  /** As of `cutArchive` or `cutEvenly`. */
  readonly parts: readonly Part[];
}

/**
 * An archive whose parts are made in any order. Parts go from the last to the first, so that an entry's
 * header, which states the CRC-32, is written when the rest of the entry has been read; the directory,
 * which states all of them, comes last. Every byte of an object is read once.
 */
export class ArchiveContent implements DeliveryContent {
  readonly length: number;
  readonly parts: readonly Part[];
  readonly #layout: Layout;
  readonly #source: BlobSource;
  readonly #knowledge: EntryKnowledge;

  constructor({ plan, source, parts }: ArchiveContentOptions) {
    if (plan.format.headerCrc !== "always" || plan.format.compression !== "store") {
      throw new ZiplinkError("internal", "This archive cannot be made in parts.");
    }
    this.#layout = layoutZip(plan);
    this.#source = withInlineEntries(source);
    this.#knowledge = new EntryKnowledge(this.#layout, this.#source);
    this.length = this.#layout.length;
    const isLast = ({ end }: Part) => end > this.#directory;
    this.parts = [...parts.filter((part) => !isLast(part)).reverse(), ...parts.filter(isLast)];
    // A header before the directory's parts must not wait for them: its data there is read for it.
    for (const part of parts.filter(isLast)) {
      for (const { index, start, end } of this.#pieces(part)) {
        const isHeaderBefore = at(this.#layout.localOffsets, index) < part.start;
        if (isHeaderBefore) this.#knowledge.miss(index, { start, end });
      }
    }
  }

  /** How many bytes of objects have been read again, because only earlier processes had seen them. */
  get rereadBytes(): number {
    return this.#knowledge.rereadBytes;
  }

  restore(record: unknown): void {
    this.#knowledge.restore(record);
  }

  skip(part: Part, stored: StoredPart): void {
    const pieces = [...this.#pieces(part)];
    const [only] = pieces;
    if (stored.crc32 !== undefined && only && only.end - only.start === part.end - part.start) {
      this.#knowledge.add(only.index, { ...only, crc32: stored.crc32 });
    }
    for (const { index, start, end } of pieces) this.#knowledge.miss(index, { start, end });
  }

  async fill(part: Part, into: Buffer, signal: AbortSignal): Promise<void> {
    await pMap(this.#pieces(part), (piece) => this.#read(part, piece, into, signal), {
      concurrency: READS_PER_PART,
      signal,
    });
    for await (const { bytes, offset } of this.#records(part, signal)) {
      const from = Math.max(0, part.start - offset);
      const to = Math.min(bytes.length, part.end - offset);
      if (to > from) into.set(bytes.subarray(from, to), offset + from - part.start);
    }
  }

  record(): unknown {
    return this.#knowledge.record();
  }

  /** The CRC-32 of the archive follows from those of its records and entries. */
  async finish(signal: AbortSignal): Promise<ContentChecksums> {
    const all = { number: 1, start: 0, end: this.length };
    let crc = 0;
    let end = 0;
    const { entries } = this.#layout.plan;
    for await (const { bytes, offset, index } of this.#records(all, signal)) {
      // Between the records there is only the data of the entry before.
      const before = index - 1;
      if (offset > end && before >= 0) {
        crc = combineCrc32(crc, await this.#knowledge.get(before, signal), offset - end);
      }
      crc = crc32(bytes, crc);
      end = offset + bytes.length;
    }
    if (end !== this.length || entries.length === 0) return {};
    return { crc32: crc };
  }

  get #directory(): number {
    return at(this.#layout.localOffsets, this.#layout.plan.entries.length);
  }

  /** Yields the data of entries that a part has. */
  *#pieces({ start, end }: ByteRange): Generator<Piece, void, undefined> {
    const { localOffsets, plan } = this.#layout;
    for (let i = indexAt(localOffsets, start); i < plan.entries.length; i++) {
      const header = at(localOffsets, i);
      if (header >= end) return;
      const entry = entryAt(this.#layout, i);
      const data = header + new EntryShape(entry, plan.format).localHeaderLength;
      const from = Math.max(0, start - data);
      const to = Math.min(entry.blob.size, end - data);
      if (to > from) yield { index: i, start: from, end: to, position: data + from };
    }
  }

  async #read(part: Part, piece: Piece, into: Buffer, signal: AbortSignal): Promise<void> {
    const { blob } = entryAt(this.#layout, piece.index);
    let offset = piece.start;
    let position = piece.position - part.start;
    for await (const chunk of readRange(this.#source, blob, piece, signal)) {
      into.set(chunk, position);
      this.#knowledge.update(piece.index, chunk, offset);
      offset += chunk.length;
      position += chunk.length;
      release(chunk);
    }
  }

  /**
   * Yields the records that overlap with a part, in order: local headers, central headers, end records;
   * `index` is that of the entry, or the number of entries.
   */
  async *#records({ start, end }: ByteRange, signal: AbortSignal) {
    const { localOffsets, centralOffsets, plan } = this.#layout;
    const { length } = plan.entries;
    for (let i = indexAt(localOffsets, start); i < length; i++) {
      const offset = at(localOffsets, i);
      if (offset >= end) return;
      const shape = new EntryShape(entryAt(this.#layout, i), plan.format);
      if (offset + shape.localHeaderLength <= start) continue;
      const crc = await this.#knowledge.get(i, signal);
      yield { bytes: shape.encodeLocalHeader(crc), offset, index: i };
    }
    for (let i = indexAt(centralOffsets, start); i < length; i++) {
      const offset = at(centralOffsets, i);
      if (offset >= end) return;
      const shape = new EntryShape(entryAt(this.#layout, i), plan.format);
      const crc = await this.#knowledge.get(i, signal);
      const bytes = shape.encodeCentralHeader(crc, at(localOffsets, i));
      // The data of the last entry is before the first central header.
      yield { bytes, offset, index: i === 0 ? length : -1 };
    }
    const offset = at(centralOffsets, length);
    if (offset < end) yield { bytes: encodeEnd(this.#layout), offset, index: length };
  }
}
