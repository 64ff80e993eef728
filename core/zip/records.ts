/**
 * Encoders for the records of a ZIP file. Each is pure: named fields in, bytes out, one line per field with
 * its name in APPNOTE.TXT 6.3.10. The values of the fields are determined in `entry-shape.ts`.
 */
import { RecordWriter } from "./record-writer.ts";
import { toDosDateTime, toUnixSeconds } from "./time.ts";

/** A 16-bit field that says "see the ZIP64 record". */
export const SENTINEL_16 = 0xffff;
/** A 32-bit field that says "see the ZIP64 extra field or record". */
export const SENTINEL_32 = 0xffffffff;

/** Upper byte 3: Unix, so that readers honour the mode and the UTF-8 names. Lower byte: APPNOTE 6.3. */
const VERSION_MADE_BY = (3 << 8) | 63;

/** Regular file, rw-r--r--; and directory, rwxr-xr-x, with the MS-DOS directory bit. */
const FILE_ATTRIBUTES = 0o100644 * 0x10000;
const FOLDER_ATTRIBUTES = 0o040755 * 0x10000 + 0x10;

/** Sizes in a ZIP64 extra field: first the original size, then the compressed size, 8 bytes each. */
export interface Zip64Sizes {
  readonly uncompressedSize: number;
  readonly compressedSize: number;
}

/** The fields that the local and the central header of an entry share, as written into them. */
interface HeaderFields {
  readonly name: Uint8Array;
  readonly modified: Date;
  readonly versionNeeded: number;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
}

/** 4.3.7 Local file header, without the fields that follow from the name and the time. */
export interface LocalHeaderFields extends HeaderFields {
  /** Present where the sizes above are sentinels. A local header always holds both (4.5.3). */
  readonly zip64?: Zip64Sizes | undefined;
}

/** 4.3.12 Central directory header, of one entry. */
export interface CentralHeaderFields extends HeaderFields {
  readonly localHeaderOffset: number;
  readonly isFolder: boolean;
  /** The values of the fields that are sentinels, and of no others, in the order of 4.5.3. */
  readonly zip64: readonly number[];
}

/** Length in bytes of the extended timestamp (0x5455) with only a modification time. */
const timestampLength = (modified: Date): number =>
  toUnixSeconds(modified) === undefined ? 0 : 4 + 5;

const zip64Length = (values: number): number => (values === 0 ? 0 : 4 + 8 * values);

/** Returns the length in bytes of the result of `encodeLocalHeader`. */
export function localHeaderLength(nameLength: number, modified: Date, zip64: boolean): number {
  return 30 + nameLength + zip64Length(zip64 ? 2 : 0) + timestampLength(modified);
}

/** Returns the length in bytes of the result of `encodeCentralHeader`, given its number of `zip64` values. */
export function centralHeaderLength(nameLength: number, modified: Date, zip64: number): number {
  return 46 + nameLength + zip64Length(zip64) + timestampLength(modified);
}

/** Returns the length in bytes of the result of `encodeDataDescriptor`. */
export function dataDescriptorLength(zip64: boolean): number {
  return zip64 ? 24 : 16;
}

/** Returns the length in bytes of the result of `encodeEndOfCentralDirectory`. */
export function endOfCentralDirectoryLength(zip64: boolean): number {
  return (zip64 ? 56 + 20 : 0) + 22;
}

/** 4.3.7 Local file header. */
export function encodeLocalHeader(fields: LocalHeaderFields): Uint8Array {
  const { name, modified, zip64 } = fields;
  const dos = toDosDateTime(modified);
  const length = localHeaderLength(name.length, modified, zip64 !== undefined);
  const w = new RecordWriter(length);
  w.u32(0x04034b50); // local file header signature
  w.u16(fields.versionNeeded); // version needed to extract
  w.u16(fields.flags); // general purpose bit flag
  w.u16(fields.method); // compression method
  w.u16(dos.time); // last mod file time
  w.u16(dos.date); // last mod file date
  w.u32(fields.crc32); // crc-32
  w.u32(fields.compressedSize); // compressed size
  w.u32(fields.uncompressedSize); // uncompressed size
  w.u16(name.length); // file name length
  w.u16(length - 30 - name.length); // extra field length
  w.bytes(name); // file name
  if (zip64) writeZip64Extra(w, [zip64.uncompressedSize, zip64.compressedSize]);
  writeTimestampExtra(w, modified);
  return w.finish();
}

/** 4.3.9 Data descriptor, with the signature that most readers expect. */
export function encodeDataDescriptor(fields: {
  readonly crc32: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly zip64: boolean;
}): Uint8Array {
  const w = new RecordWriter(dataDescriptorLength(fields.zip64));
  const size = fields.zip64 ? (n: number) => w.u64(n) : (n: number) => w.u32(n);
  w.u32(0x08074b50); // data descriptor signature (4.3.9.3)
  w.u32(fields.crc32); // crc-32
  size(fields.compressedSize); // compressed size
  size(fields.uncompressedSize); // uncompressed size
  return w.finish();
}

/** 4.3.12 Central directory structure: one file header. */
export function encodeCentralHeader(fields: CentralHeaderFields): Uint8Array {
  const { name, modified, zip64 } = fields;
  const dos = toDosDateTime(modified);
  const length = centralHeaderLength(name.length, modified, zip64.length);
  const w = new RecordWriter(length);
  w.u32(0x02014b50); // central file header signature
  w.u16(VERSION_MADE_BY); // version made by
  w.u16(fields.versionNeeded); // version needed to extract
  w.u16(fields.flags); // general purpose bit flag
  w.u16(fields.method); // compression method
  w.u16(dos.time); // last mod file time
  w.u16(dos.date); // last mod file date
  w.u32(fields.crc32); // crc-32
  w.u32(fields.compressedSize); // compressed size
  w.u32(fields.uncompressedSize); // uncompressed size
  w.u16(name.length); // file name length
  w.u16(length - 46 - name.length); // extra field length
  w.u16(0); // file comment length
  w.u16(0); // disk number start
  w.u16(0); // internal file attributes
  w.u32(fields.isFolder ? FOLDER_ATTRIBUTES : FILE_ATTRIBUTES); // external file attributes
  w.u32(fields.localHeaderOffset); // relative offset of local header
  w.bytes(name); // file name
  if (zip64.length > 0) writeZip64Extra(w, zip64);
  writeTimestampExtra(w, modified);
  return w.finish();
}

/**
 * With `zip64`, 4.3.14 ZIP64 end of central directory record and 4.3.15 its locator; then 4.3.16 end of
 * central directory record, whose fields are written as given.
 */
export function encodeEndOfCentralDirectory(fields: {
  readonly entries: number;
  readonly centralDirectorySize: number;
  readonly centralDirectoryOffset: number;
  readonly zip64?: {
    readonly entries: number;
    readonly centralDirectorySize: number;
    readonly centralDirectoryOffset: number;
  };
}): Uint8Array {
  const { zip64 } = fields;
  const w = new RecordWriter(endOfCentralDirectoryLength(zip64 !== undefined));
  if (zip64) {
    w.u32(0x06064b50); // zip64 end of central dir signature
    w.u64(56 - 12); // size of zip64 end of central directory record
    w.u16(VERSION_MADE_BY); // version made by
    w.u16(45); // version needed to extract
    w.u32(0); // number of this disk
    w.u32(0); // number of the disk with the start of the central directory
    w.u64(zip64.entries); // total number of entries in the central directory on this disk
    w.u64(zip64.entries); // total number of entries in the central directory
    w.u64(zip64.centralDirectorySize); // size of the central directory
    w.u64(zip64.centralDirectoryOffset); // offset of start of central directory

    w.u32(0x07064b50); // zip64 end of central dir locator signature
    w.u32(0); // number of the disk with the start of the zip64 end of central directory
    w.u64(zip64.centralDirectoryOffset + zip64.centralDirectorySize); // offset of the zip64 end record
    w.u32(1); // total number of disks
  }
  w.u32(0x06054b50); // end of central dir signature
  w.u16(0); // number of this disk
  w.u16(0); // number of the disk with the start of the central directory
  w.u16(fields.entries); // total number of entries in the central directory on this disk
  w.u16(fields.entries); // total number of entries in the central directory
  w.u32(fields.centralDirectorySize); // size of the central directory
  w.u32(fields.centralDirectoryOffset); // offset of start of central directory
  w.u16(0); // .ZIP file comment length
  return w.finish();
}

/** 4.5.3 ZIP64 extended information extra field. */
function writeZip64Extra(w: RecordWriter, values: readonly number[]): void {
  w.u16(0x0001); // tag
  w.u16(8 * values.length); // size of this "extra" block
  for (const value of values) w.u64(value); // original size, compressed size, header offset
}

/** Encodes `modified` as the extra field of both headers; empty if the field cannot hold it. */
export function encodeTimestampExtra(modified: Date): Uint8Array {
  const w = new RecordWriter(timestampLength(modified));
  writeTimestampExtra(w, modified);
  return w.finish();
}

/** Extended timestamp (4.6.1; Info-ZIP's "UT"): the modification time, the same in both headers. */
function writeTimestampExtra(w: RecordWriter, modified: Date): void {
  const seconds = toUnixSeconds(modified);
  if (seconds === undefined) return;
  w.u16(0x5455); // tag
  w.u16(5); // size of this "extra" block
  w.u8(0b001); // flags: modification time present
  w.u32(seconds); // modification time
}
