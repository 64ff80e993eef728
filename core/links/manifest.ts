import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import * as z from "zod/mini";
import { ZiplinkError } from "../errors.ts";
import { type ArchiveSpec, parseArchiveSpec } from "../planning/archive-spec.ts";
import type { ObjectStore } from "../source/object-store.ts";

/** Where the spec of a link stands that is too long for a URL. Only its signer can state one. */
export const manifestReference = z.strictObject({
  // One part of a path, as it is the name of a file too.
  manifest: z
    .string()
    .check(z.regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/, "is not a manifest's name")),
  sha256: z
    .string()
    .check(z.regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits in lower case")),
} satisfies { readonly [K in keyof ManifestReference]: z.core.$ZodType<ManifestReference[K]> });

/** Where a spec is kept, and the hash that proves it is the one that was signed. */
export interface ManifestReference {
  /** The object's name in the store, such as `{sha256}.json`. */
  readonly manifest: string;
  /** SHA-256 of its bytes, in 64 hexadecimal digits, lower case. */
  readonly sha256: string;
}

/** Keeps archive specs, each an object of JSON that is never changed. */
export interface ManifestStore {
  /** Keeps a spec under the SHA-256 of its JSON. Rejects with `timeout` or what the store rejects with. */
  keep(spec: ArchiveSpec): Promise<ManifestReference>;
  /**
   * The spec behind a reference. Rejects with `not_found` if there is no such object,
   * `precondition_failed` if it is another one than was signed, `malformed` if it is no archive
   * spec, `timeout`, and with what the store rejects with.
   */
  load(reference: ManifestReference, signal?: AbortSignal): Promise<ArchiveSpec>;
}

/** Where manifests are kept, and for how long they are remembered. */
export interface ManifestStoreOptions {
  /** The folder or the part of a bucket that is for them alone. */
  readonly objects: ObjectStore;
  /** How long a manifest is remembered, in seconds; 0 for never. Default 10. */
  readonly cacheSeconds?: number;
}

/** Bytes of JSON of all remembered manifests together. */
const MAX_CACHED_BYTES = 16 * 1024 * 1024;

const TIMEOUT_MS = 10_000;

/**
 * A manifest store on any store of small objects. An object's name is the SHA-256 of its bytes, so
 * the same spec is kept once. The store has 10 seconds to answer; up to 16 MiB of specs are
 * remembered in the process.
 */
export function createManifestStore(options: ManifestStoreOptions): ManifestStore {
  const { objects, cacheSeconds = 10 } = options;
  // By their hash, so that what is remembered can be no other one than what was signed.
  const cache = new LRUCache<string, { readonly spec: ArchiveSpec; readonly size: number }>({
    ttl: Math.max(1, cacheSeconds * 1000),
    maxSize: MAX_CACHED_BYTES,
    sizeCalculation: ({ size }) => size,
  });

  return {
    async keep(spec) {
      const bytes = Buffer.from(JSON.stringify(spec));
      const sha256 = hash(bytes);
      const manifest = `${sha256}.json`;
      await inTime((limit) => objects.put(manifest, bytes, limit));
      return { manifest, sha256 };
    },
    async load({ manifest, sha256 }, signal) {
      const known = cache.get(sha256);
      if (known) return known.spec;
      const bytes = await inTime((limit) => objects.get(manifest, limit), signal);
      if (bytes === undefined) {
        throw new ZiplinkError(
          "not_found",
          "The list of files behind this link is gone. Ask for a new link.",
        );
      }
      if (hash(bytes) !== sha256) {
        throw new ZiplinkError(
          "precondition_failed",
          "The list of files behind this link has changed since it was made. Ask for a new link.",
        );
      }
      const spec = parseArchiveSpec(parseJson(bytes), "manifest");
      if (cacheSeconds > 0) cache.set(sha256, { spec, size: Math.max(1, bytes.length) });
      return spec;
    },
  };
}

async function inTime<T>(
  ask: (signal: AbortSignal) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  const limit = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await ask(signal ? AbortSignal.any([signal, limit]) : limit);
  } catch (cause) {
    if (!limit.aborted) throw cause;
    throw new ZiplinkError("timeout", "The list of files did not come in time.", { cause });
  }
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // A syntax error quotes what it stumbled over.
    throw new ZiplinkError("malformed", "manifest: is not JSON.", {
      details: { field: "manifest" },
    });
  }
}
