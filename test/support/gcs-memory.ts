import { Readable } from "node:stream";
import { ApiError } from "@google-cloud/storage";
import { createFsFromVolume, Volume } from "memfs";
import type { GcsBucket } from "../../adapters/gcs/source.ts";
import { createFakeObjects, type PutOptions, toResource } from "./fake-gcs/objects.ts";

/** A bucket in memory, for tests that need no HTTP. */
export interface MemoryGcs {
  readonly bucket: GcsBucket;
  put(name: string, bytes: Uint8Array, options?: PutOptions): void;
  remove(name: string): void;
  /** Returns how many files are open. */
  open(): number;
}

/** Length of the chunks in which it is read. */
const CHUNK = 64 * 1024;

/** Creates the bucket. Its bytes are files in memory, one per generation and named after it. */
export function createMemoryGcs(): MemoryGcs {
  const objects = createFakeObjects(false);
  const fs = createFsFromVolume(new Volume());
  let open = 0;

  function find(name: string, generation?: string) {
    const object = objects.find(name, generation);
    if (object) return object;
    throw Object.assign(new ApiError(`No such object: bucket/${name}`), { code: 404 });
  }

  /** Reads bytes `[start, end]` of an object. Later puts do not affect a read in progress. */
  async function* read(name: string, generation: string | undefined, start: number, end: number) {
    const file = fs.openSync(`/${find(name, generation).generation}`, "r");
    open++;
    try {
      for (let at = start; at <= end; ) {
        const chunk = Buffer.alloc(Math.min(CHUNK, end + 1 - at));
        const length = fs.readSync(file, chunk, 0, chunk.length, at);
        if (length === 0) return;
        yield chunk.subarray(0, length);
        at += length;
      }
    } finally {
      fs.closeSync(file);
      open--;
    }
  }

  return {
    bucket: {
      file: (name, { generation } = {}) => ({
        async getMetadata() {
          return [toResource(find(name, generation))];
        },
        createReadStream({ start = 0, end = Number.MAX_SAFE_INTEGER - 1 }) {
          return Readable.from(read(name, generation, start, end), { objectMode: false });
        },
      }),
      async getFiles({ prefix = "" }) {
        return [[], null, { items: objects.list(prefix).map(toResource) }];
      },
    },
    put(name, bytes, options) {
      fs.writeFileSync(`/${objects.put(name, bytes, options).generation}`, bytes);
    },
    remove: (name) => void objects.remove(name),
    open: () => open,
  };
}
