import { inflateRawSync } from "node:zlib";
import { crc32 } from "../../core/bytes/crc32.ts";

/**
 * Returns the contents of a small archive without ZIP64: texts by name, read through its central
 * directory (APPNOTE 4.3.12), in its order. Throws if a checksum is wrong.
 */
export function readArchive(zip: Buffer): Record<string, string> {
  const entries: Record<string, string> = {};
  const end = zip.length - 22;
  for (let at = zip.readUInt32LE(end + 16); at < end; ) {
    const nameEnd = at + 46 + zip.readUInt16LE(at + 28);
    const local = zip.readUInt32LE(at + 42);
    const from = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
    const packed = zip.subarray(from, from + zip.readUInt32LE(at + 20));
    const data = zip.readUInt16LE(at + 10) === 8 ? inflateRawSync(packed) : packed;
    const name = zip.toString("utf8", at + 46, nameEnd);
    if (crc32(data) !== zip.readUInt32LE(at + 16)) throw new Error(`${name} is damaged`);
    entries[name] = data.toString();
    at = nameEnd + zip.readUInt16LE(at + 30);
  }
  return entries;
}
