import { randomFillSync } from "node:crypto";
import type { BlobInfo, BlobSource } from "../core/blob-source.ts";
import { storeError } from "../core/source/store-errors.ts";

const CHUNK = 256 * 1024;
const MODIFIED = new Date("2026-01-01T00:00:00Z");

let pattern: Buffer | undefined;

/**
 * Returns the next `length` bytes of an object, at most one chunk: a view of a single shared
 * buffer, so that the measured memory is the contestant's own. Must not be written to.
 */
export function syntheticBytes(length: number): Buffer {
  pattern ??= randomFillSync(Buffer.alloc(CHUNK));
  return pattern.subarray(0, length);
}

/** Returns the name of an object: names ascend, in folders of a thousand. */
export function syntheticName(index: number): string {
  const number = String(index).padStart(9, "0");
  return `folder-${number.slice(0, 6)}/file-${number}.bin`;
}

/**
 * Creates a source of `entries` generated objects of `entryBytes` each, so that no disk and no
 * store is involved.
 */
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
      throw storeError("not_found");
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
