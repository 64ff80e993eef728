import { Readable } from "node:stream";
import { abortable } from "../async/abortable.ts";
import { Wakeup } from "../async/wakeup.ts";
import type { ByteRange } from "../blob-source.ts";
import { ChunkReader } from "./chunk-reader.ts";

/** Reads bytes `[start, end)` of an application's content, in chunks that the receiver owns. */
export type ReadInline = (
  range: ByteRange,
  signal?: AbortSignal,
) => AsyncIterable<Uint8Array> | Promise<AsyncIterable<Uint8Array>>;

/** Opens the application's content. Rejects at once on an abort; a later result is closed unread. */
export async function openInline(
  content: ReadInline,
  range: ByteRange,
  signal: AbortSignal | undefined,
): Promise<AsyncIterable<Uint8Array>> {
  const opening = Promise.resolve(content(range, signal));
  try {
    return new InlineChunks(await abortable(opening, signal), signal);
  } catch (error) {
    // After an abort, nobody needs to know how the application's code ended.
    if (signal?.aborted) opening.then(closeUnread).catch(() => undefined);
    throw error;
  }
}

/** Reads the application's chunks. An abort ends that at once, whether or not its code heeds the signal. */
class InlineChunks extends ChunkReader {
  readonly #chunks: AsyncIterable<Uint8Array>;
  readonly #closed = new Wakeup();
  #iterator: AsyncIterator<Uint8Array> | undefined;

  constructor(chunks: AsyncIterable<Uint8Array>, signal: AbortSignal | undefined) {
    super(signal);
    this.#chunks = chunks;
  }

  protected override async read(): Promise<Uint8Array | undefined> {
    this.#iterator ??= this.#chunks[Symbol.asyncIterator]();
    const step = await this.#closed.wait(this.#iterator.next());
    return step?.done ? undefined : step?.value;
  }

  protected override async dispose(): Promise<void> {
    this.#closed.wake();
    const ended = this.#iterator ? this.#iterator.return?.() : closeUnread(this.#chunks);
    // After an abort it may be stuck, and nobody needs to know how it ended.
    if (this.signal?.aborted) ended?.catch(() => undefined);
    else await ended;
  }
}

/** Closes an iterable that was never read. The iterator of an unread Node stream would not close it. */
async function closeUnread(chunks: AsyncIterable<Uint8Array>): Promise<void> {
  if (chunks instanceof Readable) chunks.destroy();
  else await chunks[Symbol.asyncIterator]().return?.();
}
