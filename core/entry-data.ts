import { allocateChunk, release } from "./chunks.ts";
import { wrongCrc } from "./errors.ts";
import type { PlanEntry } from "./plan.ts";
import { crc32 } from "./zip/crc32.ts";
import { knownCrc32 } from "./zip/entry-shape.ts";

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

/** `chunks`, which have `size` bytes together, as one; they are released. */
export async function joined(chunks: AsyncIterable<Uint8Array>, size: number): Promise<Buffer> {
  const data = allocateChunk(size);
  let offset = 0;
  for await (const chunk of chunks) {
    data.set(chunk, offset);
    offset += chunk.length;
    release(chunk);
  }
  return data;
}
