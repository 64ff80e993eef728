import { createHash } from "node:crypto";
import type { BlobInfo, BlobSource } from "../blob-source.ts";
import { crc32 } from "../bytes/crc32.ts";
import type { PlanEntry } from "../zip/plan.ts";
import { openInline, type ReadInline } from "./inline-chunks.ts";

/** Content that the application itself supplies, described like a stored object. */
export interface InlineBlob extends BlobInfo {
  /** The bytes, which must not be changed any more; or a function that reads them. */
  readonly content: Uint8Array | ReadInline;
}

/** An entry that is not in a store. Its `name` is made safe and unique when an archive is planned. */
export interface InlineEntry extends PlanEntry {
  readonly blob: InlineBlob;
}

interface InlineMetadata {
  /** The path wanted in the ZIP. */
  readonly name: string;
  /** The entry's time in the ZIP. Must be the same every time, or downloads cannot be resumed. */
  readonly modified: Date;
  /** Media type. Content of a compressed type is not compressed again. Default: unknown. */
  readonly contentType?: string;
}

/** Content in memory; see `inlineBytes`. */
export interface InlineBytes extends InlineMetadata {
  /** Must not be changed afterwards. */
  readonly bytes: Uint8Array;
}

/** Content that is read when its turn comes; see `inlineStream`. */
export type InlineStream = InlineMetadata & {
  /** Length in bytes. A stream that sends more or fewer bytes breaks the archive. */
  readonly size: number;
  /** Must change whenever the bytes change: a digest, a revision, an id that is used only once. */
  readonly version: string;
  /** CRC-32 of all of the content, if known; a resumed download then need not read it again. */
  readonly crc32?: number;
} & (
    | {
        /** Reads a range. The iterable is read to its end, or its `return()` is called. */
        readonly open: ReadInline;
      }
    | {
        /** Reads from the start, for content that has no ranges; bytes outside a range are dropped. */
        readonly openFromStart: (signal?: AbortSignal) => ReturnType<ReadInline>;
      }
  );

/** Returns an inline entry with the given bytes; its version is their SHA-256. */
export function inlineBytes({ name, bytes, modified, contentType }: InlineBytes): InlineEntry {
  const digest = createHash("sha256").update(bytes).digest("base64url");
  const blob = {
    key: keyOf(name),
    size: bytes.length,
    version: `given sha256 ${digest}`,
    modified,
    ...(contentType === undefined ? {} : { contentType }),
    crc32: crc32(bytes),
    content: bytes,
  };
  return { name, blob };
}

/**
 * Returns an inline entry for a stream of known length. The stream is opened when its turn comes, once per
 * download and again for each resumed download. It is read sequentially, and a failed read is never retried,
 * as only the application knows whether that may help.
 */
export function inlineStream(stream: InlineStream): InlineEntry {
  const { name, size, version, modified, contentType, crc32 } = stream;
  const content = "open" in stream ? stream.open : skipping(stream.openFromStart, size);
  const blob = {
    key: keyOf(name),
    size,
    version: `given as ${version}`,
    modified,
    ...(contentType === undefined ? {} : { contentType }),
    ...(crc32 === undefined ? {} : { crc32 }),
    content,
  };
  return { name, blob };
}

/** Whether a blob is inline: supplied by the application rather than read from a store. */
export function isInline(blob: BlobInfo): blob is InlineBlob {
  return "content" in blob;
}

/** Returns a source that also opens inline blobs and otherwise behaves as `source` does. */
export function withInlineEntries(source: BlobSource): BlobSource {
  return {
    stat: (key, signal) => source.stat(key, signal),
    list: (prefix, signal) => source.list(prefix, signal),
    async open(blob, range, signal) {
      if (!isInline(blob)) return source.open(blob, range, signal);
      signal?.throwIfAborted();
      const { content } = blob;
      if (content instanceof Uint8Array) {
        return piecesOf(content.subarray(range.start, range.end));
      }
      return openInline(content, range, signal);
    },
  };
}

/** Returns a key that no store can have, as it contains a NUL. `isInline` looks at the blob, not at its key. */
function keyOf(name: string): string {
  return `\0given/${name}`;
}

const PIECE = 64 * 1024;

/** Yields copies, as the receiver owns the chunks it gets. */
async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += PIECE) {
    yield new Uint8Array(bytes.subarray(at, at + PIECE));
  }
}

/** Reads ranges of content that can only be read from its start. */
function skipping(
  openFromStart: (signal?: AbortSignal) => ReturnType<ReadInline>,
  size: number,
): ReadInline {
  return async function* ({ start, end }, signal) {
    let position = 0;
    for await (const chunk of await openFromStart(signal)) {
      const from = Math.max(0, start - position);
      position += chunk.length;
      // A read up to the end is not cut off: the code that counts the bytes must see it if too many come.
      const over = end < size ? Math.max(0, position - end) : 0;
      if (from < chunk.length - over) yield chunk.subarray(from, chunk.length - over);
      if (position >= end && end < size) return;
    }
  };
}
