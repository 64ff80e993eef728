import type { ByteRange } from "../blob-source.ts";
import { combineCrc32 } from "../bytes/crc32.ts";
import type { CrcFragment } from "./crc-parts.ts";

/**
 * Objects are reread in parts of at most this length, so that even a single large one is read in parallel. A
 * part never crosses a multiple of it, so that downloads that begin at different places share most parts.
 */
export const PART_BYTES = 16 * 1024 * 1024;

/** A fragment that would split what is to be reread must save at least this many bytes. */
const MIN_FRAGMENT_BYTES = 1024 * 1024;

/** Bytes of an object, with their CRC-32 if it is known. */
export interface Tile extends ByteRange {
  crc32: number | undefined;
}

/**
 * Divides the first `size` bytes of an object into fragments whose CRC-32 is known, and parts to be reread.
 *
 * @param fragments known fragments, ascending, none overlapping
 * @param canEndAt whether the last fragment may end there, behind `size`
 */
export function tilesOf(
  size: number,
  fragments: readonly CrcFragment[],
  canEndAt: (offset: number) => boolean,
): Tile[] {
  const tiles: Tile[] = [];
  let position = 0;
  const addGap = (end: number) => {
    while (position < end) {
      const stop = Math.min(end, position - (position % PART_BYTES) + PART_BYTES);
      tiles.push({ start: position, end: stop, crc32: undefined });
      position = stop;
    }
  };
  for (const { start, end, crc32 } of fragments) {
    if (start >= size || (end > size && !canEndAt(end))) break;
    if (start > position && end - start < MIN_FRAGMENT_BYTES) continue;
    addGap(start);
    tiles.push({ start, end, crc32 });
    position = end;
  }
  addGap(size);
  return tiles;
}

/** Returns the CRC-32 of tiles in a row, all of which must be known. */
export function joinTiles(tiles: readonly Tile[]): number {
  let crc = 0;
  for (const { start, end, crc32 } of tiles) crc = combineCrc32(crc, crc32 ?? 0, end - start);
  return crc;
}
