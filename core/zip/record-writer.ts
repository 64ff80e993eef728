/** Writes the little-endian fields of one record of known length, in order (APPNOTE 4.4.1.1). */
export class RecordWriter {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #offset = 0;

  /** @param length the record's exact length in bytes */
  constructor(length: number) {
    this.#bytes = new Uint8Array(length);
    this.#view = new DataView(this.#bytes.buffer);
  }

  u8(value: number): void {
    this.#view.setUint8(this.#offset, value);
    this.#offset += 1;
  }

  u16(value: number): void {
    this.#view.setUint16(this.#offset, value, true);
    this.#offset += 2;
  }

  u32(value: number): void {
    this.#view.setUint32(this.#offset, value, true);
    this.#offset += 4;
  }

  /** @param value a safe integer */
  u64(value: number): void {
    this.#view.setBigUint64(this.#offset, BigInt(value), true);
    this.#offset += 8;
  }

  bytes(value: Uint8Array): void {
    this.#bytes.set(value, this.#offset);
    this.#offset += value.length;
  }

  /** Returns the record. Throws if the fields do not fill it exactly: the predicted length was wrong. */
  finish(): Uint8Array {
    if (this.#offset !== this.#bytes.length) {
      throw new RangeError(`record of ${this.#bytes.length} bytes has fields of ${this.#offset}`);
    }
    return this.#bytes;
  }
}
