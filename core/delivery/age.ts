import {
  createCipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from "node:crypto";
import { ZiplinkError } from "../errors.ts";

/**
 * Encryption for recipients in the format of age, version 1, with X25519 keys. Its payload is sealed in
 * chunks of 64 KiB, each by itself, so that any range of it can be made once the header has been.
 * https://github.com/C2SP/C2SP/blob/main/age.md
 */

/** Plain bytes of each chunk but the last one. */
export const AGE_CHUNK_BYTES = 64 * 1024;

/** Overhead of sealing per chunk: the tag of ChaCha20-Poly1305. */
const TAG_BYTES = 16;

/** The beginning of an encrypted file, and the key of what follows it: a secret. */
export interface AgeHeader {
  /** The header and the nonce behind it, as the file begins. */
  readonly bytes: Buffer;
  /** The 32 bytes that the chunks are sealed with. */
  readonly payloadKey: Buffer;
}

/** Makes a header for these recipients, "age1…" each, with a new key. Throws `malformed` for other text. */
export function createAgeHeader(recipients: readonly string[]): AgeHeader {
  const fileKey = randomBytes(16);
  const stanzas = recipients.map((recipient) => wrapFileKey(parseRecipient(recipient), fileKey));
  const text = `age-encryption.org/v1\n${stanzas.join("")}---`;
  const mac = createHmac("sha256", derive(fileKey, "", "header"))
    .update(text)
    .digest();
  const nonce = randomBytes(16);
  return {
    bytes: Buffer.concat([Buffer.from(`${text} ${base64(mac)}\n`), nonce]),
    payloadKey: derive(fileKey, nonce, "payload"),
  };
}

/** Length of a file of `length` plain bytes, encrypted. */
export function ageLength({ bytes }: AgeHeader, length: number): number {
  return bytes.length + length + TAG_BYTES * chunkCount(length);
}

/**
 * Where the plain byte at `offset`, a multiple of 64 KiB or the end, begins in the encrypted file. The
 * header belongs to the first chunk.
 */
export function agePosition(header: AgeHeader, offset: number, length: number): number {
  if (offset === 0) return 0;
  if (offset === length) return ageLength(header, length);
  return header.bytes.length + offset + TAG_BYTES * (offset / AGE_CHUNK_BYTES);
}

/**
 * Writes the encrypted form of `plain` into `into`. The plain bytes stand at `offset`, a multiple of 64 KiB,
 * in a file of `length` bytes, and end at such a multiple or at its end.
 */
export function encryptAge(
  header: AgeHeader,
  plain: Buffer,
  offset: number,
  length: number,
  into: Buffer,
): void {
  let position = 0;
  if (offset === 0) position += header.bytes.copy(into);
  const last = chunkCount(length) - 1;
  let index = offset / AGE_CHUNK_BYTES;
  for (let at = 0; at < plain.length || (length === 0 && at === 0); at += AGE_CHUNK_BYTES) {
    const chunk = plain.subarray(at, at + AGE_CHUNK_BYTES);
    const sealed = sealChunk(header.payloadKey, index, index === last, chunk);
    for (const part of sealed) position += part.copy(into, position);
    index++;
  }
}

function chunkCount(length: number): number {
  return Math.max(1, Math.ceil(length / AGE_CHUNK_BYTES));
}

/** The nonce is the chunk's number, 11 bytes, and whether it is the last one. */
function sealChunk(key: Buffer, index: number, isLast: boolean, chunk: Buffer): Buffer[] {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(index, 5, 6);
  nonce[11] = isLast ? 1 : 0;
  return seal(key, nonce, chunk);
}

function seal(key: Buffer, nonce: Buffer, plain: Uint8Array): Buffer[] {
  const cipher = createCipheriv("chacha20-poly1305", key, nonce, { authTagLength: TAG_BYTES });
  return [cipher.update(plain), cipher.final(), cipher.getAuthTag()];
}

/** The stanza by which the owner of an X25519 key gets the file's key. */
function wrapFileKey(recipient: Buffer, fileKey: Buffer): string {
  const ephemeral = generateKeyPairSync("x25519");
  const share = ephemeral.publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  const theirs = createPublicKey({
    key: Buffer.concat([X25519_PREFIX, recipient]),
    format: "der",
    type: "spki",
  });
  const secret = diffieHellman({ privateKey: ephemeral.privateKey, publicKey: theirs });
  const salt = Buffer.concat([share, recipient]);
  const wrapKey = derive(secret, salt, "age-encryption.org/v1/X25519");
  const body = Buffer.concat(seal(wrapKey, Buffer.alloc(12), fileKey));
  return `-> X25519 ${base64(share)}\n${base64(body)}\n`;
}

/** DER of an X25519 public key up to the key itself (RFC 8410, 4). */
const X25519_PREFIX = Buffer.from([
  0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x6e, 0x03, 0x21, 0x00,
]);

function derive(secret: Uint8Array, salt: Uint8Array | string, info: string): Buffer {
  return Buffer.from(hkdfSync("sha256", secret, salt, info, 32));
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("base64").replace(/=+$/, "");
}

const BECH32 = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
const RECIPIENT = /^age1([qpzry9x8gf2tvdw0s3jn54khce6mua7l]{58})$/;

/** The public key that a recipient's Bech32 text (BIP 173) has. */
function parseRecipient(text: string): Buffer {
  const [, data] = RECIPIENT.exec(text) ?? [];
  const words = [...(data ?? "")].map((letter) => BECH32.indexOf(letter));
  if (data === undefined || checksum([...PREFIX_WORDS, ...words]) !== 1) {
    throw new ZiplinkError(
      "malformed",
      "encrypt.age: is not an age recipient. Copy it from age-keygen: age1 and 58 more characters.",
      { details: { field: "encrypt.age" } },
    );
  }
  const bytes: number[] = [];
  let bits = 0;
  let count = 0;
  for (const word of words.slice(0, -6)) {
    bits = ((bits << 5) | word) & 0xfff;
    count += 5;
    if (count < 8) continue;
    count -= 8;
    bytes.push((bits >> count) & 0xff);
  }
  return Buffer.from(bytes);
}

/** "age", as BIP 173 takes it into its checksum. */
const PREFIX_WORDS = [3, 3, 3, 0, 1, 7, 5];

function checksum(words: readonly number[]): number {
  const generator = [0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3];
  let sum = 1;
  for (const word of words) {
    const top = sum >>> 25;
    sum = ((sum & 0x1ffffff) << 5) ^ word;
    for (const [i, value] of generator.entries()) if ((top >> i) & 1) sum ^= value;
  }
  return sum >>> 0;
}
