import type { BlobInfo, BlobSource, ByteRange } from "../blob-source.ts";
import { publishedReadError } from "./store-channel.ts";

/**
 * Yields bytes `[start, end)` of a blob as the source sends them. The source is opened at the first read and
 * closed with this generator. Rejects with `corrupt` if the source sends more or fewer bytes than requested.
 */
export async function* readRange(
  source: BlobSource,
  blob: BlobInfo,
  range: ByteRange,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  let remaining = range.end - range.start;
  if (remaining === 0) return;
  for await (const chunk of await source.open(blob, range, signal)) {
    remaining -= chunk.length;
    if (remaining < 0) throw publishedReadError("wrong_length", blob.key);
    yield chunk;
  }
  if (remaining > 0) throw publishedReadError("wrong_length", blob.key);
}
