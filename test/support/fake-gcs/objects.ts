import { createHash } from "node:crypto";
import { CRC32C } from "@google-cloud/storage";

export interface FakeObject {
  readonly name: string;
  readonly generation: string;
  readonly bytes: Buffer;
  readonly created: Date;
  readonly contentType: string;
  readonly contentEncoding: string | undefined;
  readonly crc32c: string;
  readonly md5Hash: string;
  /** Custom metadata, set by the owner. */
  readonly metadata: Readonly<Record<string, string>> | undefined;
}

export interface PutOptions {
  /** The creation time of the generation; default now. */
  readonly created?: Date | undefined;
  readonly contentType?: string | undefined;
  readonly contentEncoding?: string | undefined;
  /** A checksum to state instead of the right one. */
  readonly crc32c?: string | undefined;
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/** The objects of a bucket. */
export interface FakeObjects {
  put(name: string, bytes: Uint8Array, options?: PutOptions): FakeObject;
  remove(name: string): boolean;
  /** Returns the live object, or a live or kept generation. */
  find(name: string, generation?: string | null): FakeObject | undefined;
  /**
   * Returns the live objects whose names start with `prefix`, in ascending order of the names'
   * UTF-8 bytes.
   */
  list(prefix: string): FakeObject[];
}

/**
 * @param keepsGenerations whether overwritten and deleted objects are kept, as with object
 * versioning
 */
export function createFakeObjects(keepsGenerations: boolean): FakeObjects {
  const live = new Map<string, FakeObject>();
  const kept = new Map<string, FakeObject>();
  let generation = 1_700_000_000_000_000; // like Cloud Storage's, which look like microseconds

  return {
    put(name, content, options = {}) {
      generation++;
      const bytes = Buffer.from(content);
      const object: FakeObject = {
        name,
        generation: String(generation),
        bytes,
        created: options.created ?? new Date(),
        contentType: options.contentType ?? "application/octet-stream",
        contentEncoding: options.contentEncoding,
        crc32c: options.crc32c ?? crc32cOf(bytes),
        md5Hash: createHash("md5").update(bytes).digest("base64"),
        metadata: options.metadata,
      };
      live.set(name, object);
      if (keepsGenerations) kept.set(object.generation, object);
      return object;
    },
    remove: (name) => live.delete(name),
    find(name, wanted) {
      const found = live.get(name);
      if (!wanted || found?.generation === wanted) return found;
      const old = kept.get(wanted);
      return old?.name === name ? old : undefined;
    },
    list(prefix) {
      const found = [...live.values()].filter(({ name }) => name.startsWith(prefix));
      return found.sort((a, b) => Buffer.compare(Buffer.from(a.name), Buffer.from(b.name)));
    },
  };
}

export function crc32cOf(bytes: Buffer): string {
  const crc = new CRC32C();
  crc.update(bytes);
  return crc.toString();
}

/** https://docs.cloud.google.com/storage/docs/json_api/v1/objects#resource */
export function toResource(object: FakeObject) {
  const { name, generation, bytes, created, contentType, contentEncoding, crc32c, md5Hash } =
    object;
  const { metadata } = object;
  return {
    kind: "storage#object",
    name,
    generation,
    metageneration: "1",
    size: String(bytes.length),
    contentType,
    ...(contentEncoding === undefined ? {} : { contentEncoding }),
    crc32c,
    md5Hash,
    ...(metadata === undefined ? {} : { metadata }),
    timeCreated: created.toISOString(),
    // Later than the bytes, as after a change of metadata or storage class.
    updated: new Date(created.getTime() + 86_400_000).toISOString(),
  };
}
