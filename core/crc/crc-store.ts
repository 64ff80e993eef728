import { createHmac, hkdfSync } from "node:crypto";
import { seal, unseal } from "../bytes/seal.ts";
import type { ObjectStore } from "../source/object-store.ts";
import { publishingFailures } from "../source/store-channel.ts";

/** The known CRC-32s of an archive's entries, by entry index. */
export type CrcTable = ReadonlyMap<number, number>;

/**
 * Keeps the checksums of archives' entries across instances, one object per archive.
 *
 * Each object is sealed (AES-256-GCM, with keys derived from a secret of the service) and bound to the
 * archive's ETag. Reading it reveals nothing about any file, and an object that others have written or swapped
 * is rejected.
 */
export interface CrcStore {
  /** Returns the table of the archive with this ETag; empty if there is no genuine one. */
  load(etag: string, signal?: AbortSignal): Promise<CrcTable>;
  /**
   * Stores the table of the archive with this ETag, replacing any earlier one. Like `load`, rejects with the
   * object store's errors.
   */
  save(etag: string, table: CrcTable, signal?: AbortSignal): Promise<void>;
}

/** An index and a CRC-32, 4 bytes each, little-endian. */
const RECORD_BYTES = 8;

/**
 * Creates a checksum store on any object store. Names and contents of the objects are sealed.
 *
 * @param secret at least 32 bytes that are known to this service only; the link secret is suitable
 */
export function createCrcStore(objectStore: ObjectStore, secret: Uint8Array): CrcStore {
  const objects = publishingFailures(objectStore);
  const derive = (purpose: string) =>
    Buffer.from(hkdfSync("sha256", secret, "", `ziplink crc-store ${purpose}`, 32));
  const sealKey = derive("seal");
  const nameKey = derive("name");
  const nameOf = (etag: string) =>
    `${createHmac("sha256", nameKey).update(etag).digest("hex")}.crc`;

  return {
    async load(etag, signal) {
      const sealed = await objects.get(nameOf(etag), signal);
      const plain = sealed && unseal(sealed, sealKey, etag);
      return plain ? decode(plain) : new Map();
    },
    async save(etag, table, signal) {
      await objects.put(nameOf(etag), seal(encode(table), sealKey, etag), signal);
    },
  };
}

function encode(table: CrcTable): Buffer {
  const bytes = Buffer.alloc(table.size * RECORD_BYTES);
  let at = 0;
  for (const [index, crc32] of table) {
    bytes.writeUInt32LE(index, at);
    bytes.writeUInt32LE(crc32, at + 4);
    at += RECORD_BYTES;
  }
  return bytes;
}

function decode(bytes: Buffer): CrcTable {
  const table = new Map<number, number>();
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    table.set(bytes.readUInt32LE(at), bytes.readUInt32LE(at + 4));
  }
  return table;
}
