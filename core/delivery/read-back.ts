import { createHash } from "node:crypto";
import type { BlobSource } from "../blob-source.ts";
import { release } from "../bytes/chunks.ts";
import { crc32 } from "../bytes/crc32.ts";
import { readRange } from "../source/read-range.ts";
import type { DeliveryResult } from "./delivery.ts";
import { checkDigest } from "./file-content.ts";

/**
 * Reads a delivered object back, all of it, and compares it with every checksum of the result. Rejects with
 * `changed` where it is another version, `corrupt` where a checksum does not match. Returns the names of
 * the checksums that were compared.
 */
export async function readBack(
  { version, size, checksums }: DeliveryResult,
  key: string,
  source: BlobSource,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const blob = { ...(await source.stat(key, signal)), version };
  const hashes = ["sha256", "md5"]
    .filter((name) => checksums[name] !== undefined)
    .map((name) => [name as "sha256" | "md5", createHash(name)] as const);
  let crc = 0;
  for await (const chunk of readRange(source, blob, { start: 0, end: size }, signal)) {
    crc = crc32(chunk, crc);
    for (const [, hash] of hashes) hash.update(chunk);
    release(chunk);
  }
  checkDigest("crc32", crc.toString(16).padStart(8, "0"), checksums.crc32);
  for (const [name, hash] of hashes) checkDigest(name, hash.digest("hex"), checksums[name]);
  return Object.keys(checksums);
}
