import { crc32 as zlibCrc32 } from "node:zlib";

/** The generator polynomial of CRC-32/ISO-HDLC (APPNOTE 4.4.7), bits reflected, without x^32. */
const POLYNOMIAL = 0xedb88320;

/** The polynomial 1: in reflected form, the highest bit is the coefficient of x^0. */
const ONE = 0x80000000;

/**
 * Returns the CRC-32 of `bytes` (APPNOTE 4.4.7), unsigned. Given `previous`, the CRC of the bytes before
 * them, returns the CRC of both together.
 */
export function crc32(bytes: Uint8Array, previous = 0): number {
  return zlibCrc32(bytes, previous);
}

/**
 * Returns the CRC of two consecutive byte sequences, given the CRC of each and the length of the second in
 * bytes. For any reflected 32-bit CRC whose initial value and final XOR are all ones.
 */
export type CombineCrcs = (first: number, second: number, secondLength: number) => number;

/**
 * Creates the function that combines CRCs of a generator polynomial, given with bits reflected and without
 * x^32. Appending n bytes multiplies the first CRC by x^(8n), so the cost is logarithmic in the length, and
 * no byte is read.
 */
export function createCombine(polynomial: number): CombineCrcs {
  /** Returns the product of two polynomials over GF(2), modulo the generator. */
  const multiply = (a: number, b: number): number => {
    let product = 0;
    let shifted = b;
    for (let bit = 31; bit >= 0; bit--) {
      if ((a >>> bit) & 1) product ^= shifted;
      shifted = shifted & 1 ? (shifted >>> 1) ^ polynomial : shifted >>> 1;
    }
    return product >>> 0;
  };
  /** x^(8 * 2^k) modulo the generator, for each bit k of a length in bytes up to 2^53. */
  const byteShifts: number[] = [];
  let power = ONE >>> 8;
  for (let k = 0; k < 53; k++) {
    byteShifts.push(power);
    power = multiply(power, power);
  }
  return (first, second, secondLength) => {
    let shifted = first;
    let remaining = secondLength;
    for (let k = 0; remaining > 0; k++) {
      if (remaining % 2 === 1) shifted = multiply(byteShifts[k] ?? ONE, shifted);
      remaining = Math.floor(remaining / 2);
    }
    return (shifted ^ second) >>> 0;
  };
}

/**
 * Returns the CRC-32 of two consecutive byte sequences, given the CRC of each and the length of the second
 * in bytes. The cost is logarithmic in `secondLength`, and no byte is read.
 */
export const combineCrc32: CombineCrcs = createCombine(POLYNOMIAL);
