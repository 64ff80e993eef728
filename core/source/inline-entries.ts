import { createHash } from "node:crypto";
import { Readable } from "node:stream";
import { abortable } from "../async/abortable.ts";
import type { BlobInfo, BlobSource, ByteRange } from "../blob-source.ts";
import { crc32 } from "../bytes/crc32.ts";
import type { PlanEntry } from "../zip/plan.ts";

/** Bytes `[start, end)` of content that an application gives, in chunks that the receiver owns. */
export type ReadInline = (
  range: ByteRange,
  signal?: AbortSignal,
) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;

/** What an application itself gives an archive, described as a stored object is. */
export interface InlineBlob extends BlobInfo {
  /** Bytes, which nobody changes any more; or how to read them. */
  readonly content: Uint8Array | ReadInline;
}

/** An entry that is no stored object; its `name` is made safe and unique when an archive is planned. */
export interface InlineEntry extends PlanEntry {
  readonly blob: InlineBlob;
}

interface GivenFacts {
  /** The path that is asked for in the ZIP. */
  readonly name: string;
  /** The entry's time in the ZIP; the same each time, or the archive cannot be resumed. */
  readonly modified: Date;
  /** Media type; one that is compressed in itself is not compressed again. Default: unknown. */
  readonly contentType?: string;
}

/** Content that is in memory; see `inlineBytes`. */
export interface InlineBytes extends GivenFacts {
  /** Must not be changed afterwards. */
  readonly bytes: Uint8Array;
}

/** Content that is read when its turn comes; see `inlineStream`. */
export type InlineStream = GivenFacts & {
  /** Length in bytes. A stream that sends more or less breaks the archive. */
  readonly size: number;
  /** Another one whenever the bytes are others: a digest, a revision, an id that is used once. */
  readonly version: string;
  /** CRC-32 of all of it, if it is known: resuming need not read it again then. */
  readonly crc32?: number;
} & (
    | {
        /** Reads a range. Whoever iterates reads to the end or calls `return()`. */
        readonly open: ReadInline;
      }
    | {
        /** Reads from the start, for content that has no ranges; what a range skips is dropped. */
        readonly openFromStart: (signal?: AbortSignal) => ReturnType<ReadInline>;
      }
  );

/** An entry of the given bytes, pinned by their SHA-256. */
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
 * An entry of a stream whose length is known. It is opened when its turn comes, once for a download,
 * and again for one that resumes; read one after the other and never tried again when it fails, as
 * only the application knows whether that may help.
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

/** Whether the application gave it, so that no store has it. */
export function isInline(blob: BlobInfo): blob is InlineBlob {
  return "content" in blob;
}

/** `source`, which also reads what was given; everything else about it is as it was. */
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
      const chunks = untilAborted(await openGiven(content, range, signal), signal);
      await chunks.next();
      return chunks;
    },
  };
}

/** No store has keys with a NUL; and what decides is the blob, not its key. */
function keyOf(name: string): string {
  return `\0given/${name}`;
}

const PIECE = 64 * 1024;

/** Copies: the receiver owns what it gets. */
async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  for (let at = 0; at < bytes.length; at += PIECE) {
    yield new Uint8Array(bytes.subarray(at, at + PIECE));
  }
}

/** What the application opens, given up at once on an abort; what comes later is closed unread. */
async function openGiven(
  content: ReadInline,
  range: ByteRange,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  const opening = Promise.resolve(content(range, signal));
  try {
    return await abortable(opening, signal);
  } catch (error) {
    // Whatever the application says of its end then is of use to nobody.
    if (signal?.aborted) opening.then(closeUnread).catch(() => undefined);
    throw error;
  }
}

/** Closes what nobody has begun to read; a Node stream's iterator would not close that yet. */
async function closeUnread(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  if (chunks instanceof Readable) chunks.destroy();
  else await chunks[Symbol.asyncIterator]().return?.();
}

/**
 * `chunks`, given up at once on an abort, whether or not the application's code heeds the signal.
 * An empty one comes first, for whoever opens it: a generator that has not begun closes nothing.
 */
async function* untilAborted(
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  let iterator: AsyncIterator<Uint8Array> | undefined;
  let giveUp: () => void = () => undefined;
  const onAbort = () => giveUp();
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    yield new Uint8Array();
    for (;;) {
      signal?.throwIfAborted();
      iterator ??= chunks[Symbol.asyncIterator]();
      const next = iterator.next();
      const step = await new Promise<IteratorResult<Uint8Array>>((resolve, reject) => {
        giveUp = () => reject(signal?.reason);
        next.then(resolve, reject);
      });
      if (step.done) return;
      yield step.value;
    }
  } finally {
    signal?.removeEventListener("abort", onAbort);
    const ended = iterator ? iterator.return?.() : closeUnread(chunks);
    // It may be stuck, and whatever it says of its end is of use to nobody.
    if (signal?.aborted) ended?.catch(() => undefined);
    else await ended;
  }
}

/** Ranges of what can be read from its start only. */
function skipping(
  openFromStart: (signal?: AbortSignal) => ReturnType<ReadInline>,
  size: number,
): ReadInline {
  return async function* ({ start, end }, signal) {
    let position = 0;
    for await (const chunk of await openFromStart(signal)) {
      const from = Math.max(0, start - position);
      position += chunk.length;
      // To the very end nothing is cut off: whoever counts must see it if too much comes.
      const over = end < size ? Math.max(0, position - end) : 0;
      if (from < chunk.length - over) yield chunk.subarray(from, chunk.length - over);
      if (position >= end && end < size) return;
    }
  };
}
