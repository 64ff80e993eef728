/** The formats in which S3 states checksums and ETags. */

interface ChecksumFacts {
  readonly ChecksumType?: string | undefined;
  readonly ChecksumCRC32?: string | undefined;
}

/**
 * Returns the CRC-32 of the whole object, if the store has it. A COMPOSITE one is computed from the
 * checksums of parts.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function fullCrc32({ ChecksumType, ChecksumCRC32 }: ChecksumFacts): number | undefined {
  return ChecksumType === "FULL_OBJECT" ? decodeCrc32(ChecksumCRC32) : undefined;
}

/** Decodes a CRC-32 from the base64 of its four bytes in network order; `undefined` if it is not one. */
export function decodeCrc32(encoded: string | undefined): number | undefined {
  const bytes = Buffer.from(encoded ?? "", "base64");
  return bytes.length === 4 ? bytes.readUInt32BE() : undefined;
}

/** Encodes a CRC-32 in the form that `decodeCrc32` reads. */
export function encodeCrc32(crc32: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32);
  return bytes.toString("base64");
}

/** Adds the quotes that some stores omit in listings. */
export function quoteETag(tag: string): string {
  return tag.endsWith('"') ? tag : `"${tag}"`;
}
