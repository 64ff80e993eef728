import { randomFillSync } from "node:crypto";
import type { BlobInfo, BlobSource } from "../core/blob-source.ts";
import { notFound } from "../core/errors.ts";

const CHUNK = 256 * 1024;
const MODIFIED = new Date("2026-01-01T00:00:00Z");

let pattern: Buffer | undefined;

/**
 * The next `length` bytes of an object, at most one chunk of them: a view of one buffer that all
 * share, so that the memory that is measured is the contestant's own. It is to be read only.
 */
export function syntheticBytes(length: number): Buffer {
  pattern ??= randomFillSync(Buffer.alloc(CHUNK));
  return pattern.subarray(0, length);
}

/** In the order of the names, in folders of a thousand. */
export function syntheticName(index: number): string {
  const number = String(index).padStart(9, "0");
  return `folder-${number.slice(0, 6)}/file-${number}.bin`;
}

/** `entries` objects of `entryBytes` each that exist nowhere: no disk and no store takes a part. */
export function createSyntheticSource(options: {
  readonly entries: number;
  readonly entryBytes: number;
}): BlobSource {
  const { entries, entryBytes } = options;

  function describe(index: number): BlobInfo {
    return { key: syntheticName(index), size: entryBytes, version: "1", modified: MODIFIED };
  }

  return {
    async stat(key) {
      const index = Number(/-(\d+)\.bin$/.exec(key)?.[1]);
      if (index < entries && key === syntheticName(index)) return describe(index);
      throw notFound();
    },

    async *list(prefix, signal) {
      for (let i = 0; i < entries; i++) {
        signal?.throwIfAborted();
        const info = describe(i);
        if (info.key.startsWith(prefix)) yield info;
      }
    },

    async open(_blob, { start, end }, signal) {
      return chunks(end - start, signal);
    },
  };
}

async function* chunks(length: number, signal: AbortSignal | undefined) {
  for (let remaining = length; remaining > 0; ) {
    signal?.throwIfAborted();
    const chunk = syntheticBytes(remaining);
    remaining -= chunk.length;
    yield chunk;
  }
}
