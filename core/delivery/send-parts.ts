import type { BlobDestination, StoredPart, Upload } from "./blob-destination.ts";
import type { DeliveryContent, Part } from "./delivery-content.ts";

/** How parts are sent. */
export interface SendPartsOptions {
  readonly content: DeliveryContent;
  /** Its passing failures should not show. */
  readonly destination: BlobDestination;
  /** Where the parts go. */
  readonly upload: Upload;
  /** Parts that the destination has already. Those of another length are sent anew. */
  readonly stored: readonly StoredPart[];
  /** How many parts are made and sent at once; each takes its length in memory. */
  readonly concurrency: number;
  /** Called when a part is stored. Must not throw. */
  readonly onPart: (part: Part, stored: StoredPart) => void;
  /** Aborting it ends the sending. */
  readonly signal: AbortSignal;
}

/**
 * Sends all parts that the destination does not have. Returns all of them, by ascending number. Rejects
 * with what the content or the destination rejects with, once no part is under way any more.
 */
export async function sendParts(options: SendPartsOptions): Promise<StoredPart[]> {
  const { content, destination, upload, concurrency, onPart } = options;
  const done = new Map<number, StoredPart>();
  const open: Part[] = [];
  const stored = new Map(options.stored.map((part) => [part.number, part]));
  for (const part of content.parts) {
    const found = stored.get(part.number);
    if (found?.size === part.end - part.start) {
      content.skip(part, found);
      done.set(part.number, found);
    } else {
      open.push(part);
    }
  }

  // The first worker that fails ends the others.
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const queue = open.values();
  const longest = open.reduce((most, { start, end }) => Math.max(most, end - start), 0);
  const work = async () => {
    let buffer: Buffer | undefined;
    for (const part of queue) {
      signal.throwIfAborted();
      buffer ??= Buffer.allocUnsafeSlow(longest);
      const bytes = buffer.subarray(0, part.end - part.start);
      await content.fill(part, bytes, signal);
      const sent = await destination.putPart(upload, part, bytes, signal);
      done.set(part.number, sent);
      onPart(part, sent);
    }
  };
  const workers = Array.from({ length: Math.min(concurrency, open.length) }, () =>
    work().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(workers);
  signal.throwIfAborted();
  return [...done.values()].sort((a, b) => a.number - b.number);
}
