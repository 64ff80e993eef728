import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import * as z from "zod/mini";
import { ZiplinkError } from "../errors.ts";
import { type ArchiveSpec, parseArchiveSpec } from "../planning/archive-spec.ts";
import type { ObjectStore } from "../source/object-store.ts";
import { publishingFailures } from "../source/store-channel.ts";

/** The claim of a link whose spec is too long for a URL. Only the signer of the link can set it. */
export const manifestReference = z.strictObject({
  // A single path segment, as it may be the name of a file.
  manifest: z
    .string()
    .check(z.regex(/^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/, "is not the name of a manifest")),
  sha256: z.string().check(z.regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hexadecimal digits")),
} satisfies { readonly [K in keyof ManifestReference]: z.core.$ZodType<ManifestReference[K]> });

/** The place of a stored spec, and the hash that proves that it is the one that was signed. */
export interface ManifestReference {
  /** The object's name in the store, such as `{sha256}.json`. */
  readonly manifest: string;
  /** SHA-256 of the object's bytes, as 64 lower-case hexadecimal digits. */
  readonly sha256: string;
}

/** Keeps archive specs, each as an immutable JSON object. */
export interface ManifestStore {
  /** Stores a spec under the SHA-256 of its JSON. Rejects with `timeout` or the object store's errors. */
  keep(spec: ArchiveSpec): Promise<ManifestReference>;
  /**
   * Loads the spec of a reference. Rejects with `not_found` if there is no such object,
   * `precondition_failed` if it differs from the one that was signed, `malformed` if it is not an archive
   * spec, `timeout`, and the object store's errors.
   */
  load(reference: ManifestReference, signal?: AbortSignal): Promise<ArchiveSpec>;
}

/** Options of `createManifestStore`. */
export interface ManifestStoreOptions {
  /** The object store, for manifests only: a folder, or a part of a bucket. */
  readonly objects: ObjectStore;
  /** How long a manifest is cached, in seconds; 0 means never. Default 10. */
  readonly cacheSeconds?: number;
}

/** Maximum length of the JSON of all cached manifests together, in bytes. */
const MAX_CACHED_BYTES = 16 * 1024 * 1024;

const TIMEOUT_MS = 10_000;

/**
 * Creates a manifest store on any object store. An object's name is the SHA-256 of its bytes, so equal
 * specs are kept only once. The object store has 10 seconds to answer; up to 16 MiB of specs are cached in
 * the process.
 */
export function createManifestStore(options: ManifestStoreOptions): ManifestStore {
  const { cacheSeconds = 10 } = options;
  const objects = publishingFailures(options.objects);
  // Keyed by hash, so that a cached spec is always the one that was signed.
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
      const spec = parseArchiveSpec(parseJson(bytes), { path: "manifest" });
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
    throw new ZiplinkError(
      "timeout",
      "The list of files behind this link did not arrive in time. Try again later.",
      { cause },
    );
  }
}

function hash(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    // The cause is left out: a syntax error quotes part of the text.
    throw new ZiplinkError("malformed", "manifest: is not JSON.", {
      details: { field: "manifest" },
    });
  }
}
