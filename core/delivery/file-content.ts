import { createHash, type Hash } from "node:crypto";
import * as z from "zod/mini";
import { abortable } from "../async/abortable.ts";
import type { BlobInfo, BlobSource } from "../blob-source.ts";
import { release } from "../bytes/chunks.ts";
import { crc32 } from "../bytes/crc32.ts";
import { CrcParts } from "../crc/crc-parts.ts";
import { ZiplinkError } from "../errors.ts";
import { readRange } from "../source/read-range.ts";
import type { StoredPart } from "./blob-destination.ts";
import type { ContentChecksums, DeliveryContent, Part } from "./delivery-content.ts";

/** Checksums that a file must have, where the caller knows them. */
export interface ExpectedChecksums {
  /** SHA-256 in 64 hexadecimal digits, lower case. */
  readonly sha256?: string | undefined;
  /** MD5 in 32 hexadecimal digits, lower case. */
  readonly md5?: string | undefined;
  /** CRC-32, unsigned. */
  readonly crc32?: number | undefined;
}

/** How a file is delivered. */
export interface FileContentOptions {
  /** Pinned to a version. */
  readonly blob: BlobInfo;
  /** Where it is read; its passing failures should not show. */
  readonly source: BlobSource;
  /** As of `cutEvenly`. */
  readonly parts: readonly Part[];
  /** Default: none is checked. */
  readonly expected?: ExpectedChecksums;
}

const recordSchema = z.array(z.object({ start: z.int(), end: z.int(), crc32: z.int() }));

/**
 * One file, read once and in parts. SHA-256 and MD5 are of the bytes in order, so a part is hashed when
 * those before it have been: a process that goes on reads again what another has sent, and hashes it.
 */
export class FileContent implements DeliveryContent {
  readonly length: number;
  readonly parts: readonly Part[];
  readonly #blob: BlobInfo;
  readonly #source: BlobSource;
  readonly #expected: ExpectedChecksums;
  readonly #hashes = new Map<"sha256" | "md5", Hash>();
  readonly #crcs = new CrcParts();
  readonly #skipped = new Map<number, Part>();
  readonly #turns = new Map<number, PromiseWithResolvers<void>>();
  #hashed = 0;

  constructor({ blob, source, parts, expected = {} }: FileContentOptions) {
    this.length = blob.size;
    this.parts = parts;
    this.#blob = blob;
    this.#source = source;
    this.#expected = expected;
    for (const name of ["sha256", "md5"] as const) {
      if (expected[name] !== undefined) this.#hashes.set(name, createHash(name));
    }
  }

  restore(record: unknown): void {
    const parsed = z.safeParse(recordSchema, record);
    if (!parsed.success) return;
    for (const part of parsed.data) if (part.end <= this.length) this.#crcs.add(part);
  }

  skip(part: Part, stored: StoredPart): void {
    if (stored.crc32 !== undefined) this.#crcs.add({ ...part, crc32: stored.crc32 });
    this.#skipped.set(part.start, part);
  }

  async fill(part: Part, into: Buffer, signal: AbortSignal): Promise<void> {
    let position = 0;
    for await (const chunk of readRange(this.#source, this.#blob, part, signal)) {
      into.set(chunk, position);
      position += chunk.length;
      release(chunk);
    }
    this.#crcs.add({ ...part, crc32: crc32(into) });
    await this.#hash(part, into, signal);
  }

  record(): unknown {
    return this.#crcs.fragments();
  }

  async finish(signal: AbortSignal): Promise<ContentChecksums> {
    await this.#hashSkipped(signal);
    if (this.#expected.crc32 !== undefined) await this.#readGaps(signal);
    const crc = this.length === 0 ? 0 : this.#crcs.whole(this.length);
    checkDigest("crc32", crc, this.#expected.crc32);
    const digests: { sha256?: string; md5?: string } = {};
    for (const [name, hash] of this.#hashes) {
      const digest = hash.copy().digest("hex");
      checkDigest(name, digest, this.#expected[name]);
      digests[name] = digest;
    }
    return { ...(crc === undefined ? {} : { crc32: crc }), ...digests };
  }

  /** Hashes a part when its turn comes. */
  async #hash(part: Part, bytes: Buffer, signal: AbortSignal): Promise<void> {
    if (this.#hashes.size === 0) return;
    await this.#hashSkipped(signal);
    while (this.#hashed < part.start) {
      signal.throwIfAborted();
      const turn = this.#turns.get(part.start) ?? Promise.withResolvers<void>();
      this.#turns.set(part.start, turn);
      await abortable(turn.promise, signal);
      await this.#hashSkipped(signal);
    }
    this.#update(bytes);
    await this.#hashSkipped(signal);
  }

  /** Reads and hashes parts that are stored already, as far as it is their turn. */
  async #hashSkipped(signal: AbortSignal): Promise<void> {
    if (this.#hashes.size === 0) return;
    for (let part = this.#skipped.get(this.#hashed); part; part = this.#skipped.get(this.#hashed)) {
      this.#skipped.delete(part.start);
      let crc = 0;
      let read = 0;
      for await (const chunk of readRange(this.#source, this.#blob, part, signal)) {
        crc = crc32(chunk, crc);
        read += chunk.length;
        for (const hash of this.#hashes.values()) hash.update(chunk);
        release(chunk);
      }
      this.#crcs.add({ ...part, crc32: crc });
      this.#advance(read);
    }
  }

  #update(bytes: Buffer): void {
    for (const hash of this.#hashes.values()) hash.update(bytes);
    this.#advance(bytes.length);
  }

  #advance(length: number): void {
    this.#hashed += length;
    this.#turns.get(this.#hashed)?.resolve();
  }

  async #readGaps(signal: AbortSignal): Promise<void> {
    for (const gap of this.#crcs.gaps(this.length)) {
      let crc = 0;
      for await (const chunk of readRange(this.#source, this.#blob, gap, signal)) {
        crc = crc32(chunk, crc);
        release(chunk);
      }
      this.#crcs.add({ ...gap, crc32: crc });
    }
  }
}

const NAMES = { crc32: "CRC-32", sha256: "SHA-256", md5: "MD5" };

/** Throws `corrupt` unless a file's checksum is the one that was stated, if one was. */
export function checkDigest<T>(name: keyof typeof NAMES, actual: T, expected: T | undefined): void {
  if (expected === undefined || actual === expected) return;
  throw new ZiplinkError(
    "corrupt",
    `The file's ${NAMES[name]} is not the one that was stated. Compare the two, or ask the file's owner.`,
  );
}
