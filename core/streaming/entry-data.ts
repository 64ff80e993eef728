import { allocateChunk, release } from "../bytes/chunks.ts";
import { crc32 } from "../bytes/crc32.ts";
import { wrongCrc } from "../errors.ts";
import { knownCrc32 } from "../zip/entry-shape.ts";
import type { PlanEntry } from "../zip/plan.ts";

/**
 * The chunks of all of an entry's data. If its CRC-32 is known and is another, the last chunk is held
 * back, so that the entry never looks whole, and this rejects with `corrupt`.
 */
export async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  entry: PlanEntry,
): AsyncGenerator<Uint8Array, void, undefined> {
  const known = knownCrc32(entry);
  let crc = 0;
  let left = entry.blob.size;
  for await (const chunk of chunks) {
    left -= chunk.length;
    if (known !== undefined) {
      crc = crc32(chunk, crc);
      if (left === 0 && crc !== known) throw wrongCrc();
    }
    yield chunk;
  }
}

/** `chunks`, which have `size` bytes together, as one: the only one, or a copy of all, which are released. */
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
