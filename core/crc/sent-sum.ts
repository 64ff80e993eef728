import { combineCrc32, crc32 } from "../bytes/crc32.ts";
import type { CrcFragment } from "./crc-parts.ts";

/**
 * The CRC-32 of the bytes of an object that one download sends, summed as they go by, each byte once. It is
 * kept in segments, so that it can be joined with what is known of the bytes before.
 */
export class SentSum {
  /** Offset in the object of the first byte. */
  readonly start: number;
  readonly #cuts: ReadonlySet<number>;
  /** Those of the cuts that are still to come, ascending. */
  readonly #coming: number[];
  readonly #segments: CrcFragment[] = [];
  #segmentStart: number;
  #crc = 0;
  #end: number;

  /** @param cuts offsets in the object, in any order, at which one segment ends and the next begins */
  constructor(start: number, cuts: readonly number[]) {
    this.start = start;
    this.#segmentStart = start;
    this.#end = start;
    this.#cuts = new Set(cuts.filter((cut) => cut > start));
    this.#coming = [...this.#cuts].sort((a, b) => a - b);
  }

  /** Offset after the last byte so far. */
  get end(): number {
    return this.#end;
  }

  /** Adds bytes that follow on those before. */
  add(bytes: Uint8Array): void {
    let rest = bytes;
    for (;;) {
      const toCut = (this.#coming[0] ?? Infinity) - this.#end;
      this.#sum(rest.subarray(0, toCut));
      if (rest.length < toCut) return;
      this.#endSegment();
      this.#coming.shift();
      rest = rest.subarray(toCut);
    }
  }

  /** Whether `offset` is one of the cuts. */
  hasCut(offset: number): boolean {
    return this.#cuts.has(offset);
  }

  /** Returns the segments so far, in order. */
  segments(): CrcFragment[] {
    this.#endSegment();
    return [...this.#segments];
  }

  /** Returns the CRC-32 of the bytes from `offset` on, which must be the start or one of the cuts. */
  from(offset: number): number {
    let crc = 0;
    for (const { start, end, crc32 } of this.segments()) {
      if (start >= offset) crc = combineCrc32(crc, crc32, end - start);
    }
    return crc;
  }

  #sum(bytes: Uint8Array): void {
    this.#crc = crc32(bytes, this.#crc);
    this.#end += bytes.length;
  }

  #endSegment(): void {
    if (this.#segmentStart === this.#end) return;
    this.#segments.push({ start: this.#segmentStart, end: this.#end, crc32: this.#crc });
    this.#segmentStart = this.#end;
    this.#crc = 0;
  }
}
