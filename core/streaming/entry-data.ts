import { allocateChunk, release } from "../bytes/chunks.ts";
import { crc32 } from "../bytes/crc32.ts";
import { publishedReadError } from "../source/store-channel.ts";
import { knownCrc32 } from "../zip/entry-shape.ts";
import type { PlanEntry } from "../zip/plan.ts";

/**
 * Yields the chunks of an entry's whole data and checks its CRC-32, if known. On a mismatch, calls `onWrong`
 * and rejects with `corrupt` instead of yielding the last chunk, so that the entry never looks complete.
 */
export async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  entry: PlanEntry,
  known = knownCrc32(entry),
  onWrong: () => void = () => undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let crc = 0;
  let left = entry.blob.size;
  for await (const chunk of chunks) {
    left -= chunk.length;
    if (known !== undefined) {
      crc = crc32(chunk, crc);
      if (left === 0 && crc !== known) {
        onWrong();
        throw publishedReadError("wrong_checksum", entry.blob.key);
      }
    }
    yield chunk;
  }
}

/**
 * Returns `chunks`, which have `size` bytes in total, as one buffer. A single chunk is returned as it is;
 * several are copied and released.
 */
export async function joined(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Buffer> {
  let data: Buffer | undefined;
  let offset = 0;
  for await (const chunk of chunks) {
    if (chunk.length === size) {
      data = Buffer.from(chunk.buffer, chunk.byteOffset, size);
    } else {
      data ??= allocateChunk(size);
      data.set(chunk, offset);
      offset += chunk.length;
      release(chunk);
    }
  }
  return data ?? allocateChunk(0);
}
