import type { BlobInfo, BlobSource } from "../../core/blob-source.ts";
import { compareUtf8 } from "../../core/source/key-order.ts";
import { storeError } from "../../core/source/store-errors.ts";

/** An object to store. */
export interface MemoryObject {
  /** The whole contents. Must not be changed afterwards. */
  readonly bytes: Uint8Array;
  /** Default: now. */
  readonly modified?: Date;
  /** Media type; default unknown. */
  readonly contentType?: string;
  /** Content codings of the bytes, such as "gzip"; default none. */
  readonly contentEncoding?: string;
  /** CRC-32 of the bytes, unsigned, for a store that states it. Default: unknown. */
  readonly crc32?: number;
}

/** Objects in memory, for tests and demonstrations. They may be changed while they are served. */
export interface MemorySource extends BlobSource {
  /**
   * Adds an object, or replaces it with a new version. The bytes must not be changed afterwards.
   */
  put(key: string, object: MemoryObject | Uint8Array | string): void;
  /** Removes the object, if it exists. */
  delete(key: string): void;
}

/** Length of the chunks in which objects are read. Bytes. */
const CHUNK = 256 * 1024;

/**
 * Creates a source of the given objects, by key. A read in progress continues with the version that
 * it began with.
 */
export function createMemorySource(
  objects: Readonly<Record<string, MemoryObject | Uint8Array | string>> = {},
): MemorySource {
  const stored = new Map<string, { info: BlobInfo; bytes: Uint8Array }>();
  let version = 0;

  const source: MemorySource = {
    put(key, object) {
      const {
        bytes,
        modified = new Date(),
        ...rest
      } = typeof object === "string"
        ? { bytes: new TextEncoder().encode(object) }
        : object instanceof Uint8Array
          ? { bytes: object }
          : object;
      version++;
      const info = { key, size: bytes.length, version: String(version), modified, ...rest };
      stored.set(key, { info, bytes });
    },

    delete(key) {
      stored.delete(key);
    },

    async stat(key, signal) {
      signal?.throwIfAborted();
      return find(key).info;
    },

    async *list(prefix, signal) {
      const keys = [...stored.keys()].filter((key) => key.startsWith(prefix)).sort(compareUtf8);
      for (const key of keys) {
        signal?.throwIfAborted();
        yield find(key).info;
      }
    },

    async open(blob, { start, end }, signal) {
      signal?.throwIfAborted();
      const { info, bytes } = find(blob.key);
      if (info.version !== blob.version) {
        throw storeError("changed");
      }
      return chunks(bytes.subarray(start, end), signal);
    },
  };

  function find(key: string) {
    const found = stored.get(key);
    if (!found) throw storeError("not_found");
    return found;
  }

  for (const [key, object] of Object.entries(objects)) source.put(key, object);
  return source;
}

async function* chunks(bytes: Uint8Array, signal: AbortSignal | undefined) {
  for (let at = 0; at < bytes.length; at += CHUNK) {
    signal?.throwIfAborted();
    yield new Uint8Array(bytes.subarray(at, at + CHUNK)); // a copy, for every kind of array
  }
}
