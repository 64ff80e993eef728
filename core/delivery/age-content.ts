import { AGE_CHUNK_BYTES, type AgeHeader, ageLength, agePosition, encryptAge } from "./age.ts";
import type { ContentChecksums, DeliveryContent, Part } from "./delivery-content.ts";

/**
 * Content as an age file. Its parts are those of the content, which must be cut at multiples of 64 KiB, each
 * encrypted by itself. Checksums that are returned are those of the plain bytes; there is no CRC-32 of the
 * encrypted ones.
 */
export class AgeContent implements DeliveryContent {
  readonly length: number;
  readonly parts: readonly Part[];
  readonly #plain: DeliveryContent;
  readonly #header: AgeHeader;
  readonly #plainParts: ReadonlyMap<number, Part>;

  constructor(plain: DeliveryContent, header: AgeHeader) {
    this.#plain = plain;
    this.#header = header;
    this.#plainParts = new Map(plain.parts.map((part) => [part.number, part]));
    this.length = ageLength(header, plain.length);
    this.parts = plain.parts.map(({ number, start, end }) => ({
      number,
      start: agePosition(header, start, plain.length),
      end: agePosition(header, end, plain.length),
    }));
  }

  restore(record: unknown): void {
    this.#plain.restore(record);
  }

  skip({ number }: Part): void {
    const part = this.#partOf(number);
    // The stored bytes are encrypted: their checksum tells nothing of the plain bytes.
    this.#plain.skip(part, { number, size: part.end - part.start, receipt: "" });
  }

  async fill({ number }: Part, into: Buffer, signal: AbortSignal): Promise<void> {
    const part = this.#partOf(number);
    const plain = Buffer.allocUnsafeSlow(part.end - part.start);
    await this.#plain.fill(part, plain, signal);
    encryptAge(this.#header, plain, part.start, this.#plain.length, into);
  }

  record(): unknown {
    return this.#plain.record();
  }

  async finish(signal: AbortSignal): Promise<ContentChecksums> {
    const { crc32: _, ...checksums } = await this.#plain.finish(signal);
    return checksums;
  }

  #partOf(number: number): Part {
    const part = this.#plainParts.get(number);
    if (!part) throw new RangeError(`no part ${number}`);
    return part;
  }
}

/** All cuts of content that is to be encrypted must be multiples of it. */
export const AGE_ALIGNMENT = AGE_CHUNK_BYTES;
