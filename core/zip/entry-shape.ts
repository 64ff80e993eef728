import type { ZipFormat } from "./format.ts";
import type { PlanEntry } from "./plan.ts";
import {
  centralHeaderLength,
  dataDescriptorLength,
  encodeCentralHeader,
  encodeDataDescriptor,
  encodeLocalHeader,
  localHeaderLength,
  SENTINEL_32,
} from "./records.ts";
import { framedLength } from "./stored-blocks.ts";

/** General purpose bits (4.4.4): 3, a data descriptor follows; 11, the name is UTF-8. */
const HAS_DESCRIPTOR = 1 << 3;
const UTF8_NAME = 1 << 11;

/** Compression methods (4.4.5). */
const STORED = 0;
const DEFLATED = 8;

/**
 * The layout of one entry; measures the entry's records and encodes them. Depends on the plan alone, never
 * on what happens to be cached, so that every request for a plan sees the same bytes.
 */
export class EntryShape {
  /**
   * Whether the CRC-32 comes after the data: the data is then framed as stored DEFLATE blocks, followed by
   * a data descriptor. Otherwise the data is stored, and the local header states the CRC.
   */
  readonly hasDescriptor: boolean;
  /**
   * Whether the local header states a CRC-32 that is neither known nor learnt by reading a small entry
   * whole: all of the data must be read before the header can be written.
   */
  readonly needsCrcFirst: boolean;
  /** Length of the entry's data in the archive, in bytes. */
  readonly compressedSize: number;
  readonly #nameLength: number;
  readonly #entry: PlanEntry;
  readonly #format: ZipFormat;

  constructor(entry: PlanEntry, format: ZipFormat) {
    const { size } = entry.blob;
    this.#entry = entry;
    this.#format = format;
    this.#nameLength = Buffer.byteLength(entry.name);
    const isLargeUnknown = knownCrc32(entry) === undefined && size > format.smallEntryBytes;
    this.hasDescriptor = isLargeUnknown && format.headerCrc === "known";
    this.needsCrcFirst = isLargeUnknown && format.headerCrc === "always";
    this.compressedSize = this.hasDescriptor ? framedLength(size, format.blockBytes) : size;
  }

  get localHeaderLength(): number {
    return localHeaderLength(this.#nameLength, this.#entry.blob.modified, this.#localZip64);
  }

  get dataDescriptorLength(): number {
    return this.hasDescriptor ? dataDescriptorLength(this.#localZip64) : 0;
  }

  centralHeaderLength(localHeaderOffset: number): number {
    const zip64 = this.#centralZip64(localHeaderOffset).length;
    return centralHeaderLength(this.#nameLength, this.#entry.blob.modified, zip64);
  }

  /** @param crc32 ignored if a data descriptor states it; the header then has zero (4.4.4) */
  encodeLocalHeader(crc32: number): Uint8Array {
    const sizes = this.hasDescriptor
      ? { compressedSize: 0, uncompressedSize: 0 }
      : { compressedSize: this.compressedSize, uncompressedSize: this.#entry.blob.size };
    const zip64 = this.#localZip64;
    return encodeLocalHeader({
      ...this.#commonFields(zip64),
      crc32: this.hasDescriptor ? 0 : crc32,
      compressedSize: zip64 ? SENTINEL_32 : sizes.compressedSize,
      uncompressedSize: zip64 ? SENTINEL_32 : sizes.uncompressedSize,
      zip64: zip64 ? sizes : undefined,
    });
  }

  encodeDataDescriptor(crc32: number): Uint8Array {
    return encodeDataDescriptor({
      crc32,
      compressedSize: this.compressedSize,
      uncompressedSize: this.#entry.blob.size,
      zip64: this.#localZip64,
    });
  }

  encodeCentralHeader(crc32: number, localHeaderOffset: number): Uint8Array {
    const zip64 = this.#centralZip64(localHeaderOffset);
    const field = (value: number) => (value >= this.#format.max32 ? SENTINEL_32 : value);
    return encodeCentralHeader({
      ...this.#commonFields(zip64.length > 0),
      crc32,
      compressedSize: field(this.compressedSize),
      uncompressedSize: field(this.#entry.blob.size),
      localHeaderOffset: field(localHeaderOffset),
      isFolder: isFolder(this.#entry),
      zip64,
    });
  }

  /**
   * Whether the local header has the ZIP64 extra field and a data descriptor has 8-byte sizes. A stored
   * entry needs ZIP64 where a size would read as the sentinel. A descriptor has no sentinel: by 4.3.9.2
   * its sizes are 8 bytes only when one *exceeds* 32 bits. Streaming readers that go by the bytes they
   * counted (Java) rely on exactly that.
   */
  get #localZip64(): boolean {
    const largest = Math.max(this.#entry.blob.size, this.compressedSize);
    return this.hasDescriptor ? largest > this.#format.max32 : largest >= this.#format.max32;
  }

  #centralZip64(localHeaderOffset: number): number[] {
    const values = [this.#entry.blob.size, this.compressedSize, localHeaderOffset];
    return values.filter((value) => value >= this.#format.max32);
  }

  #commonFields(zip64: boolean) {
    return {
      name: Buffer.from(this.#entry.name),
      modified: this.#entry.blob.modified,
      versionNeeded: versionNeeded(this.hasDescriptor || isFolder(this.#entry), zip64),
      flags: UTF8_NAME | (this.hasDescriptor ? HAS_DESCRIPTOR : 0),
      method: this.hasDescriptor ? DEFLATED : STORED,
    };
  }
}

/** Returns the entry's CRC-32 if it is known without reading: stated by the plan, or the entry is empty. */
export function knownCrc32(entry: PlanEntry): number | undefined {
  return entry.blob.size === 0 ? 0 : entry.blob.crc32;
}

function isFolder(entry: PlanEntry): boolean {
  return entry.name.endsWith("/");
}

/** 4.4.3.2: 1.0 by default, 2.0 for a folder or DEFLATE, 4.5 for ZIP64. */
function versionNeeded(folderOrDeflate: boolean, zip64: boolean): number {
  if (zip64) return 45;
  return folderOrDeflate ? 20 : 10;
}
