import type { BlobInfo, BlobSource, ByteRange } from "../../core/blob-source.ts";

/** The requests to a counted source. */
export interface Counts {
  stats: number;
  lists: number;
  /** The ranges opened, in order. */
  readonly opened: { readonly key: string; readonly range: ByteRange }[];
  /** Iterables that were opened and have not yet been read to their end, returned or failed. */
  open: number;
  /** The maximum number open at the same time. */
  mostOpen: number;
}

/** Wraps `source` and counts its requests. */
export function counting(source: BlobSource): BlobSource & { readonly counts: Counts } {
  const counts: Counts = { stats: 0, lists: 0, opened: [], open: 0, mostOpen: 0 };
  return {
    counts,
    stat(key, signal) {
      counts.stats++;
      return source.stat(key, signal);
    },
    list(prefix, signal) {
      counts.lists++;
      return source.list(prefix, signal);
    },
    async open(blob, range, signal) {
      const chunks = await source.open(blob, range, signal);
      counts.opened.push({ key: blob.key, range });
      counts.open++;
      counts.mostOpen = Math.max(counts.mostOpen, counts.open);
      let open = true;
      const close = () => {
        if (open) counts.open--;
        open = false;
      };
      signal?.addEventListener("abort", close, { once: true });
      return onClose(chunks[Symbol.asyncIterator](), close);
    },
  };
}

/** Wraps `iterator` and calls `close` when it ends, however it ends. */
function onClose(
  iterator: AsyncIterator<Uint8Array>,
  close: () => void,
): AsyncIterableIterator<Uint8Array> {
  return {
    [Symbol.asyncIterator]() {
      return this;
    },
    async next() {
      try {
        const result = await iterator.next();
        if (result.done) close();
        return result;
      } catch (error) {
        close();
        throw error;
      }
    },
    async return() {
      close();
      await iterator.return?.();
      return { done: true, value: undefined };
    },
  };
}

/** Wraps `source`, with each range read by `read` instead. */
export function intercepting(
  source: BlobSource,
  read: (
    chunks: AsyncIterable<Uint8Array>,
    blob: BlobInfo,
    range: ByteRange,
    signal: AbortSignal | undefined,
  ) => AsyncIterable<Uint8Array>,
): BlobSource {
  return {
    stat: (key, signal) => source.stat(key, signal),
    list: (prefix, signal) => source.list(prefix, signal),
    async open(blob, range, signal) {
      return read(await source.open(blob, range, signal), blob, range, signal);
    },
  };
}

/** Wraps `source`, whose reads of `key` fail with `error` after `after` bytes of the object. */
export function failing(source: BlobSource, key: string, after: number, error: Error): BlobSource {
  return intercepting(source, async function* (chunks, blob, { start }) {
    let offset = start;
    for await (const chunk of chunks) {
      if (blob.key === key && offset + chunk.length > after) {
        yield chunk.subarray(0, Math.max(0, after - offset));
        throw error;
      }
      offset += chunk.length;
      yield chunk;
    }
  });
}

/** Wraps `source`, with chunks of `length` bytes. */
export function chunked(source: BlobSource, length: number): BlobSource {
  return intercepting(source, async function* (chunks) {
    for await (const chunk of chunks) {
      for (let at = 0; at < chunk.length; at += length) yield chunk.subarray(at, at + length);
    }
  });
}
