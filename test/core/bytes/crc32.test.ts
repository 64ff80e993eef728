import fc from "fast-check";
import { expect, test } from "vitest";
import { combineCrc32, crc32 } from "../../../core/bytes/crc32.ts";
import { patterned } from "../../support/bytes.ts";

test("computes the CRC-32 of ZIP", () => {
  expect(crc32(Buffer.from("123456789"))).toBe(0xcbf43926);
  expect(crc32(Buffer.alloc(0))).toBe(0);
});

test("combines parts of any length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 300 }), fc.uint8Array({ maxLength: 300 }), (a, b) => {
      const whole = crc32(Buffer.concat([a, b]));
      expect(crc32(b, crc32(a))).toBe(whole);
      expect(combineCrc32(crc32(a), crc32(b), b.length)).toBe(whole);
    }),
  );
});

test("combines across lengths beyond 32 bits, as repeated doubling does", () => {
  // Appends 2^k zeros to `crc` by combining equal halves k times.
  const crc = crc32(patterned(100));
  let zeros = crc32(Buffer.alloc(1));
  let length = 1;
  while (length < 2 ** 40) {
    zeros = combineCrc32(zeros, zeros, length);
    length *= 2;
  }
  const inOneStep = combineCrc32(crc, zeros, length);
  let stepwise = crc;
  let half = crc32(Buffer.alloc(1));
  for (let n = 1; n < 2 ** 39; n *= 2) half = combineCrc32(half, half, n);
  for (let i = 0; i < 2; i++) stepwise = combineCrc32(stepwise, half, 2 ** 39);
  expect(inOneStep).toBe(stepwise);
});
