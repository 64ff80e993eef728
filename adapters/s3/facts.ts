/** How S3 writes what is known of an object. */

interface ChecksumFacts {
  readonly ChecksumType?: string | undefined;
  readonly ChecksumCRC32?: string | undefined;
}

/**
 * The CRC-32 of the whole object, if the store has it; a COMPOSITE one is that of its parts' checksums.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
 */
export function fullCrc32({ ChecksumType, ChecksumCRC32 }: ChecksumFacts): number | undefined {
  return ChecksumType === "FULL_OBJECT" ? decodeCrc32(ChecksumCRC32) : undefined;
}

/** A CRC-32 in base64, as its four bytes in network order are. */
export function decodeCrc32(encoded: string | undefined): number | undefined {
  const bytes = Buffer.from(encoded ?? "", "base64");
  return bytes.length === 4 ? bytes.readUInt32BE() : undefined;
}

/** As `decodeCrc32` reads it. */
export function encodeCrc32(crc32: number): string {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(crc32);
  return bytes.toString("base64");
}

/** Some stores leave the quotes out in listings. */
export function quoteETag(tag: string): string {
  return tag.endsWith('"') ? tag : `"${tag}"`;
}
