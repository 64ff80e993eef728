import type { ByteRange } from "../blob-source.ts";
import { combineCrc32, crc32 } from "../bytes/crc32.ts";

/** The CRC-32 of bytes `[start, end)` of an object. */
export interface CrcFragment {
  readonly start: number;
  readonly end: number;
  /** Unsigned. */
  readonly crc32: number;
}

type Part = { -readonly [K in keyof CrcFragment]: CrcFragment[K] };

/**
 * The CRC-32s of those parts of one object whose bytes have been seen, in any order. Adjacent parts are
 * combined, so that a whole object ends up as a single part.
 */
export class CrcParts {
  /** In ascending order; neither empty nor adjacent. */
  readonly #parts: Part[] = [];

  /** Number of parts, which are separated by unknown bytes. */
  get count(): number {
    return this.#parts.length;
  }

  /** Adds `bytes`, which are at `offset` in the object. Bytes already known are skipped at no cost. */
  update(bytes: Uint8Array, offset: number): void {
    const end = offset + bytes.length;
    for (let position = offset; position < end; ) {
      const found = this.#parts.findIndex((part) => part.end > position);
      const index = found < 0 ? this.#parts.length : found;
      const known = this.#parts[index];
      if (known && known.start <= position) {
        position = known.end;
      } else {
        const stop = Math.min(end, known?.start ?? end);
        this.#insert(bytes.subarray(position - offset, stop - offset), position, index);
        position = stop;
      }
    }
  }

  /**
   * Adds a part by its CRC-32 alone. Ignores one that overlaps with what is known, as a CRC-32 cannot be
   * divided.
   */
  add({ start, end, crc32: crc }: CrcFragment): void {
    const found = this.#parts.findIndex((part) => part.end > start);
    const index = found < 0 ? this.#parts.length : found;
    const right = this.#parts[index];
    if (end <= start || (right && right.start < end)) return;
    const left = this.#parts[index - 1];
    if (left?.end === start) {
      left.crc32 = combineCrc32(left.crc32, crc, end - start);
      left.end = end;
    } else {
      this.#parts.splice(index, 0, { start, end, crc32: crc });
    }
    if (right?.start === end) this.#join(right);
  }

  /** Returns all that is known, in ascending order, for `add` of a later process. */
  fragments(): CrcFragment[] {
    return this.#parts.map((part) => ({ ...part }));
  }

  /** Returns the CRC-32 of the whole object of `size` bytes, if all of it is known. */
  whole(size: number): number | undefined {
    const [part] = this.#parts;
    return part?.start === 0 && part.end === size ? part.crc32 : undefined;
  }

  /** Returns the unknown parts of the first `size` bytes, in ascending order. */
  gaps(size: number): ByteRange[] {
    const gaps: ByteRange[] = [];
    let position = 0;
    for (const { start, end } of [...this.#parts, { start: size, end: size }]) {
      if (position >= size) break;
      if (start > position) gaps.push({ start: position, end: Math.min(start, size) });
      position = end;
    }
    return gaps;
  }

  /** Adds bytes that were unknown until now, before the part at `index`. */
  #insert(bytes: Uint8Array, start: number, index: number): void {
    const end = start + bytes.length;
    const left = this.#parts[index - 1];
    const right = this.#parts[index];
    if (left?.end === start) {
      left.crc32 = crc32(bytes, left.crc32);
      left.end = end;
    } else {
      this.#parts.splice(index, 0, { start, end, crc32: crc32(bytes) });
    }
    if (right?.start === end) this.#join(right);
  }

  /** Combines a part with the one before, which is adjacent. */
  #join(right: Part): void {
    const grown = this.#parts[this.#parts.indexOf(right) - 1];
    if (!grown) return;
    grown.crc32 = combineCrc32(grown.crc32, right.crc32, right.end - right.start);
    grown.end = right.end;
    this.#parts.splice(this.#parts.indexOf(right), 1);
  }
}
