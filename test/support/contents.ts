import { createCipheriv } from "node:crypto";

const WORDS = "the a of and to in is it for on with as at by from or an be this that are not".split(
  " ",
);

/**
 * Returns `length` bytes that do not compress, like the output of a cipher. The same for each seed.
 */
export function incompressible(length: number, seed = 1): Buffer {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16, seed), Buffer.alloc(16));
  return cipher.update(Buffer.alloc(length));
}

/**
 * Returns bytes that resemble a JPEG to a compressor: its first segment, incompressible data, and
 * its end.
 */
export function jpegLike(length: number, seed = 1): Buffer {
  const bytes = incompressible(length, seed);
  bytes.write("ffd8ffe000104a46494600010100000100010000ffda", 0, "hex");
  bytes.write("ffd9", length - 2, "hex");
  return bytes;
}

/** Returns about `length` bytes of words, sentences and paragraphs. The same for each seed. */
export function prose(length: number, seed = 1): Buffer {
  const dice = incompressible(length, seed);
  let text = "";
  for (let i = 0; text.length < length; i++) {
    const roll = dice[i] ?? 0;
    const word =
      roll < 140 ? WORDS[roll % WORDS.length] : `w${roll * 7 + ((dice[i + 1] ?? 0) % 13)}`;
    text += `${word}${roll % 16 === 0 ? ".\n" : " "}`;
  }
  return Buffer.from(text.slice(0, length));
}
