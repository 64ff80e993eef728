import { release } from "../bytes/chunks.ts";
import { ZiplinkError } from "../errors.ts";
import { formatBytes } from "../input/quantities.ts";
import type { BlobDestination, StoredPart, Upload } from "./blob-destination.ts";

/** How bytes of unknown length are sent. */
export interface SendStreamOptions {
  /** The bytes, in order. */
  readonly chunks: AsyncIterable<Uint8Array>;
  /** Its passing failures should not show. */
  readonly destination: BlobDestination;
  /** Where the parts go. */
  readonly upload: Upload;
  /** The length of each part but the last one, in bytes. */
  readonly partBytes: number;
  /** How many parts are under way at once; each takes its length in memory. */
  readonly concurrency: number;
  /** More bytes than these are refused with `too_large`. */
  readonly maxBytes: number;
  /** Called for each chunk, in order, before it is sent. */
  readonly inspect: (chunk: Uint8Array) => void;
  /** Called when a part is stored. Must not throw. */
  readonly onPart: (stored: StoredPart) => void;
  /** Aborting it ends the sending. */
  readonly signal: AbortSignal;
}

/**
 * Sends bytes as they come, in parts of one length, while the next ones are read. Returns the parts, by
 * ascending number. Rejects once no part is under way any more.
 */
export async function sendStream(options: SendStreamOptions): Promise<StoredPart[]> {
  const { destination, upload, partBytes, concurrency, maxBytes, inspect, onPart } = options;
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const parts: StoredPart[] = [];
  const underWay = new Set<Promise<void>>();
  const free: Buffer<ArrayBuffer>[] = [];
  let number = 0;
  let total = 0;

  const send = async (buffer: Buffer<ArrayBuffer>, length: number) => {
    const place = { number: ++number, start: (number - 1) * partBytes };
    const sending = (async () => {
      const stored = await destination.putPart(upload, place, buffer.subarray(0, length), signal);
      parts.push(stored);
      free.push(buffer);
      onPart(stored);
    })().catch((error: unknown) => failed.abort(error));
    underWay.add(sending);
    void sending.then(() => underWay.delete(sending));
    // One part is filled while the others are sent.
    while (underWay.size >= concurrency) await Promise.race(underWay);
  };

  try {
    let buffer = Buffer.allocUnsafeSlow(partBytes);
    let filled = 0;
    for await (const chunk of options.chunks) {
      signal.throwIfAborted();
      total += chunk.length;
      if (total > maxBytes) throw tooLong(maxBytes);
      inspect(chunk);
      for (let at = 0; at < chunk.length; ) {
        const taken = Math.min(chunk.length - at, partBytes - filled);
        buffer.set(chunk.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
        if (filled < partBytes) continue;
        await send(buffer, filled);
        buffer = free.pop() ?? Buffer.allocUnsafeSlow(partBytes);
        filled = 0;
      }
      release(chunk);
    }
    if (filled > 0 || number === 0) await send(buffer, filled);
  } catch (error) {
    failed.abort(error);
  }
  await Promise.all(underWay);
  signal.throwIfAborted();
  return parts.sort((a, b) => a.number - b.number);
}

function tooLong(limit: number): ZiplinkError {
  return new ZiplinkError(
    "too_large",
    `The file is longer than ${formatBytes(limit)}, the most that this service delivers. Deliver a shorter one.`,
    { details: { limit } },
  );
}
