import { createCombine } from "../../core/bytes/crc32.ts";

/** The Castagnoli polynomial, bits reflected. */
const POLYNOMIAL = 0x82f63b78;

/** The CRC-32C, unsigned, of two byte sequences in a row; see `combineCrc32`. */
export const combineCrc32c = createCombine(POLYNOMIAL);

/**
 * Eight tables of the reflected Castagnoli polynomial, one after another. The n-th has the CRC of
 * each byte followed by n zero bytes. They process 8 bytes at a time, ten times as fast as the
 * client's CRC32C.
 */
const crc32cTables = new Int32Array(8 * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? POLYNOMIAL : 0);
  crc32cTables[byte] = crc;
}
for (let i = 256; i < crc32cTables.length; i++) {
  const crc = crc32cTables[i - 256] as number;
  crc32cTables[i] = (crc >>> 8) ^ (crc32cTables[crc & 0xff] as number);
}

/**
 * Returns the CRC-32C, signed, of bytes whose CRC-32C is `crc` (0 for none) followed by `bytes`.
 */
export function updateCrc32c(crc: number, bytes: Uint8Array): number {
  const byte = (index: number) => bytes[index] as number;
  const at = (zeros: number, value: number) => crc32cTables[zeros * 256 + (value & 0xff)] as number;
  let state = ~crc;
  let i = 0;
  for (; i + 8 <= bytes.length; i += 8) {
    state ^= byte(i) | (byte(i + 1) << 8) | (byte(i + 2) << 16) | (byte(i + 3) << 24);
    state =
      at(7, state) ^
      at(6, state >>> 8) ^
      at(5, state >>> 16) ^
      at(4, state >>> 24) ^
      at(3, byte(i + 4)) ^
      at(2, byte(i + 5)) ^
      at(1, byte(i + 6)) ^
      at(0, byte(i + 7));
  }
  for (; i < bytes.length; i++) state = at(0, state ^ byte(i)) ^ (state >>> 8);
  return ~state;
}

/** A CRC-32C in base64, as the API writes it: its four bytes in network order. */
export function encodeCrc32c(crc: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(crc | 0);
  return bytes.toString("base64");
}

/** As `encodeCrc32c` writes it; unsigned. */
export function decodeCrc32c(encoded: string): number {
  return Buffer.from(encoded, "base64").readUInt32BE();
}
