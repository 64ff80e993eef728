import { Readable } from "node:stream";
import { createInflateRaw } from "node:zlib";
import { crc32 } from "../../core/bytes/crc32.ts";
import { CommandError } from "../command.ts";
import { printable } from "../printable.ts";

/** The archive is incomplete, or contradicts its own records. */
export class DamagedZipError extends CommandError {
  override readonly name = "DamagedZipError";
}

/** Returns bytes `[start, end)` of a file; fewer only at its end. */
export type ReadAt = (start: number, end: number) => Promise<Uint8Array>;

/** The fields of a central header that a check needs. */
interface Entry {
  readonly name: Buffer;
  readonly method: number;
  readonly crc32: number;
  readonly compressedSize: number;
  readonly uncompressedSize: number;
  readonly offset: number;
}

/** Bytes read at a time. More than the longest record, a central header, can have. */
const CHUNK = 1024 * 1024;

/**
 * Reads a ZIP from its end, as seeking readers do, and checks every entry against its CRC-32 and
 * size (APPNOTE 4.3). Entries must follow one another, as those of Ziplink do, so that each byte is read
 * once. Takes a few MB of memory, whatever the archive claims. Returns the number of entries. Throws
 * `DamagedZipError`, which says what is wrong.
 */
export async function verifyZip(
  length: number,
  read: ReadAt,
  signal?: AbortSignal,
): Promise<number> {
  const directory = await findDirectory(length, read);
  let position = 0;
  for await (const entry of readDirectory(directory, read)) {
    if (entry.offset < position) throw damaged(entry);
    position = await verifyEntry(entry, directory.offset, async (start, end) => {
      signal?.throwIfAborted();
      return await read(start, end);
    });
  }
  return directory.entries;
}

/** Where the central directory is, and the number of its headers. */
interface Directory {
  readonly entries: number;
  readonly size: number;
  readonly offset: number;
}

/** Finds the central directory by 4.3.16 or, with ZIP64, by 4.3.14 and 4.3.15. */
async function findDirectory(length: number, read: ReadAt): Promise<Directory> {
  const from = Math.max(0, length - 22 - 20 - 56);
  const tail = Buffer.from(await read(from, length));
  const end = tail.length - 22;
  if (end < 0 || tail.readUInt32LE(end) !== 0x06054b50) {
    throw new DamagedZipError("The end of the archive is missing.");
  }
  const locator = end - 20;
  const isZip64 = locator >= 0 && tail.readUInt32LE(locator) === 0x07064b50;
  const record = isZip64 ? locator - 56 : end;
  if (isZip64) {
    const isThere = record >= 0 && readU64(tail, locator + 8) === from + record;
    if (!isThere || tail.readUInt32LE(record) !== 0x06064b50)
      throw new DamagedZipError("The ZIP64 end record is missing.");
  }
  const directory = isZip64
    ? {
        entries: readU64(tail, record + 32),
        size: readU64(tail, record + 40),
        offset: readU64(tail, record + 48),
      }
    : {
        entries: tail.readUInt16LE(end + 10),
        size: tail.readUInt32LE(end + 12),
        offset: tail.readUInt32LE(end + 16),
      };
  if (directory.offset + directory.size !== from + record)
    throw new DamagedZipError("The central directory is not where the archive says.");
  return directory;
}

/** Yields the entries of the central directory, which must be as many as it states. */
async function* readDirectory({ entries, size, offset }: Directory, read: ReadAt) {
  const end = offset + size;
  let from = offset;
  let bytes = Buffer.alloc(0);
  let at = 0;
  for (let i = 0; i < entries; i++) {
    const isLast = from + bytes.length === end;
    if (!isLast && bytes.length - at < CHUNK / 2) {
      from += at;
      at = 0;
      bytes = Buffer.from(await read(from, Math.min(from + CHUNK, end)));
    }
    const { entry, next } = parseCentralHeader(bytes, at);
    yield entry;
    at = next;
  }
  if (from + at !== end)
    throw new DamagedZipError("The central directory's length does not match its records.");
}

/** Parses 4.3.12, with the values of 4.5.3 for the fields that hold sentinels. */
function parseCentralHeader(bytes: Buffer, at: number): { entry: Entry; next: number } {
  if (at + 46 > bytes.length || bytes.readUInt32LE(at) !== 0x02014b50) {
    throw new DamagedZipError("The central directory is damaged.");
  }
  const nameEnd = at + 46 + bytes.readUInt16LE(at + 28);
  const extraEnd = nameEnd + bytes.readUInt16LE(at + 30);
  const next = extraEnd + bytes.readUInt16LE(at + 32);
  if (next > bytes.length) throw new DamagedZipError("The central directory is damaged.");
  let zip64 = findExtra(bytes.subarray(nameEnd, extraEnd), 0x0001);
  const field = (position: number) => {
    const value = bytes.readUInt32LE(position);
    if (value !== 0xffffffff || zip64.length < 8) return value;
    const wide = readU64(zip64, 0);
    zip64 = zip64.subarray(8);
    return wide;
  };
  // In the order of the ZIP64 extra field.
  const uncompressedSize = field(at + 24);
  const compressedSize = field(at + 20);
  const offset = field(at + 42);
  const entry = {
    name: bytes.subarray(at + 46, nameEnd),
    method: bytes.readUInt16LE(at + 10),
    crc32: bytes.readUInt32LE(at + 16),
    compressedSize,
    uncompressedSize,
    offset,
  };
  return { entry, next };
}

/** Checks the entry, whose data must end before `limit`, and returns where it ends. */
async function verifyEntry(entry: Entry, limit: number, read: ReadAt): Promise<number> {
  const headerEnd = entry.offset + 30 + entry.name.length;
  if (headerEnd > limit) throw damaged(entry);
  const header = Buffer.from(await read(entry.offset, headerEnd));
  const isHeader = header.length >= 30 && header.readUInt32LE(0) === 0x04034b50;
  if (!isHeader || !header.subarray(30).equals(entry.name)) throw damaged(entry);
  const start = headerEnd + header.readUInt16LE(28);
  const end = start + entry.compressedSize;
  if (end > limit) throw damaged(entry);
  let crc = 0;
  let size = 0;
  for await (const chunk of contentOf(entry, chunks(start, end, read))) {
    crc = crc32(chunk, crc);
    size += chunk.length;
    if (size > entry.uncompressedSize) break;
  }
  if (crc !== entry.crc32 || size !== entry.uncompressedSize) throw damaged(entry);
  return end;
}

/** Yields the entry's bytes, given those in the archive. */
async function* contentOf(
  entry: Entry,
  compressed: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (entry.method !== 8) return yield* compressed;
  const inflated = createInflateRaw();
  const input = Readable.from(compressed).once("error", (error) => inflated.destroy(error));
  try {
    yield* input.pipe(inflated) as AsyncIterable<Buffer>;
  } catch (error) {
    // A file that cannot be read is another failure than one that holds other bytes.
    const { code = "" } = error as NodeJS.ErrnoException;
    throw code.startsWith("Z_") ? damaged(entry, error) : error;
  }
}

async function* chunks(start: number, end: number, read: ReadAt) {
  for (let at = start; at < end; at += CHUNK) yield await read(at, Math.min(at + CHUNK, end));
}

/** Returns the body of the extra field with this tag (4.5.1), empty if there is none. */
function findExtra(extra: Buffer, tag: number): Buffer {
  for (let at = 0; at + 4 <= extra.length; ) {
    const length = extra.readUInt16LE(at + 2);
    if (extra.readUInt16LE(at) === tag) return extra.subarray(at + 4, at + 4 + length);
    at += 4 + length;
  }
  return extra.subarray(0, 0);
}

function readU64(bytes: Buffer, at: number): number {
  return Number(bytes.readBigUInt64LE(at));
}

function damaged({ name }: Entry, cause?: unknown): DamagedZipError {
  return new DamagedZipError(`"${printable(name.toString())}" in the archive is damaged.`, {
    cause,
  });
}
