import { crc32 } from "../../core/bytes/crc32.ts";
import type {
  BlobDestination,
  CompletionTerms,
  PartLimits,
  StoredObject,
  StoredPart,
  Upload,
  UploadTerms,
} from "../../core/delivery/blob-destination.ts";
import {
  assertJoin,
  joinedCrc32,
  notReplaceable,
  uploadGone,
  wrongUpload,
} from "../../core/delivery/joined-parts.ts";
import { ZiplinkError } from "../../core/errors.ts";
import type { MemorySource } from "./source.ts";

/** The objects of a destination, and the parts that it accepts. */
export interface MemoryDestinationOptions {
  /** The source in which objects become visible. */
  readonly source: MemorySource;
  /** Default: up to 10,000 parts of any length. */
  readonly limits?: Partial<PartLimits>;
}

interface HeldPart {
  readonly bytes: Buffer;
  readonly stored: StoredPart;
}

interface HeldUpload {
  readonly upload: Upload;
  readonly terms: UploadTerms;
  readonly begun: Date;
  readonly parts: Map<number, HeldPart>;
}

const anyPart: PartLimits = {
  minPartBytes: 1,
  maxPartBytes: Number.MAX_SAFE_INTEGER,
  maxParts: 10_000,
  equalParts: false,
};

/** Keeps uploads in memory, for tests and demonstrations. */
export function createMemoryDestination(options: MemoryDestinationOptions): BlobDestination {
  const { source } = options;
  const limits = { ...anyPart, ...options.limits };
  const held = new Map<string, HeldUpload>();
  /** By key: the upload and the version that it has become. */
  const became = new Map<string, { readonly id: string; readonly version: string }>();
  let uploads = 0;

  function get({ id }: Upload): HeldUpload {
    const found = held.get(id);
    if (!found) throw uploadGone();
    return found;
  }

  async function find(key: string): Promise<StoredObject | undefined> {
    try {
      const { size, version, crc32: crc } = await source.stat(key);
      return { key, size, version, ...(crc !== undefined && { crc32: crc }) };
    } catch (error) {
      if (error instanceof ZiplinkError && error.code === "not_found") return undefined;
      throw error;
    }
  }

  const put = (upload: Upload, number: number, bytes: Buffer): StoredPart => {
    const crc = crc32(bytes);
    const stored = { number, size: bytes.length, receipt: String(crc), crc32: crc };
    get(upload).parts.set(number, { bytes, stored });
    return stored;
  };

  const destination: BlobDestination = {
    traits: { limits, partCheck: "crc32", isAtomic: true, copies: "checked" },

    async begin(key, terms, signal) {
      signal?.throwIfAborted();
      if (key === "") throw new ZiplinkError("malformed", "The destination's key is empty.");
      const upload = { key, id: `upload-${++uploads}`, mark: terms.mark };
      held.set(upload.id, { upload, terms, begun: new Date(), parts: new Map() });
      return upload;
    },

    async putPart(upload, { number }, bytes, signal) {
      signal?.throwIfAborted();
      return put(upload, number, Buffer.from(bytes));
    },

    async copyPart(upload, { number }, blob, range, signal) {
      signal?.throwIfAborted();
      const chunks: Uint8Array[] = [];
      for await (const chunk of await source.open(blob, range, signal)) chunks.push(chunk);
      return put(upload, number, Buffer.concat(chunks));
    },

    async listParts(upload, signal) {
      signal?.throwIfAborted();
      const parts = [...get(upload).parts.values()].map(({ stored }) => stored);
      return parts.sort((a, b) => a.number - b.number);
    },

    async complete(upload, parts, terms, signal) {
      signal?.throwIfAborted();
      const done = await destination.findUploaded(upload);
      if (done) return done;
      const { parts: sent, terms: begunWith } = get(upload);
      assertJoin(parts, terms);
      const bytes = parts.map(({ number, receipt }) => {
        const part = sent.get(number);
        if (part?.stored.receipt !== receipt) throw wrongUpload();
        return part.bytes;
      });
      if (!isReplaceable(await find(upload.key), terms)) throw notReplaceable();
      get(upload); // throws if it was aborted meanwhile
      const crc = joinedCrc32(parts);
      source.put(upload.key, {
        bytes: Buffer.concat(bytes),
        contentType: begunWith.contentType,
        ...(crc !== undefined && { crc32: crc }),
      });
      held.delete(upload.id);
      const object = await find(upload.key);
      if (!object) throw uploadGone();
      became.set(upload.key, { id: upload.id, version: object.version });
      return object;
    },

    async abort(upload, signal) {
      signal?.throwIfAborted();
      held.delete(upload.id);
    },

    async find(key, signal) {
      signal?.throwIfAborted();
      return find(key);
    },

    async findUploaded(upload, signal) {
      signal?.throwIfAborted();
      const object = await find(upload.key);
      const last = became.get(upload.key);
      return last?.id === upload.id && last.version === object?.version ? object : undefined;
    },

    async remove(upload, signal) {
      if (!(await destination.findUploaded(upload, signal))) return false;
      source.delete(upload.key);
      return true;
    },

    async *uploads(prefix, signal) {
      for (const { upload, begun } of held.values()) {
        signal?.throwIfAborted();
        if (upload.key.startsWith(prefix)) yield { upload, begun };
      }
    },
  };
  return destination;
}

function isReplaceable(found: StoredObject | undefined, { replaces }: CompletionTerms): boolean {
  if (replaces === "anything") return true;
  return found?.version === (replaces === "nothing" ? undefined : replaces.version);
}
