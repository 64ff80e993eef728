import type { FileHandle } from "node:fs/promises";
import type { BlobInfo, ByteRange } from "../../core/blob-source.ts";
import { allocateChunk, CHUNK_BYTES } from "../../core/bytes/chunks.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { translate } from "./errors.ts";
import { assertVersion } from "./facts.ts";

/**
 * Reads a range of an open file, one chunk ahead, so that the disk works while the previous chunk
 * is sent.
 *
 * This is not a generator, since `return()` of a generator that has not started does not run its
 * `finally`.
 */
export class FileChunks implements AsyncIterableIterator<Uint8Array> {
  readonly #file: FileHandle;
  readonly #blob: BlobInfo;
  readonly #end: number;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort = () => void this.#close().catch(() => undefined);
  #position: number;
  #ahead: Promise<Uint8Array> | undefined;
  #closing: Promise<void> | undefined;

  constructor(file: FileHandle, blob: BlobInfo, range: ByteRange, signal?: AbortSignal) {
    this.#file = file;
    this.#blob = blob;
    this.#position = range.start;
    this.#end = range.end;
    this.#signal = signal;
    signal?.addEventListener("abort", this.#onAbort, { once: true });
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  async next(): Promise<IteratorResult<Uint8Array, undefined>> {
    try {
      this.#signal?.throwIfAborted();
      if (this.#closing) return { done: true, value: undefined };
      const chunk = await (this.#ahead ?? this.#read());
      this.#signal?.throwIfAborted();
      this.#position += chunk.length;
      if (chunk.length > 0) {
        // Checked before the last bytes: a reader that has all promised bytes looks no further.
        if (this.#position === this.#end) {
          assertVersion(await this.#file.stat({ bigint: true }), this.#blob);
        }
        this.#ahead = this.#read();
        // A failure is reported on the next read; until then, it must not end the process.
        this.#ahead.catch(() => undefined);
        return { done: false, value: chunk };
      }
      return await this.return();
    } catch (error) {
      await this.#close();
      this.#signal?.throwIfAborted();
      throw translate(error);
    }
  }

  async return(): Promise<IteratorResult<Uint8Array, undefined>> {
    await this.#close();
    return { done: true, value: undefined };
  }

  /** Returns the next chunk, empty after the end of the range. */
  async #read(): Promise<Uint8Array> {
    const length = Math.min(CHUNK_BYTES, this.#end - this.#position);
    if (length === 0) return new Uint8Array();
    const buffer = allocateChunk(length);
    const { bytesRead } = await this.#file.read(buffer, 0, length, this.#position);
    if (bytesRead === 0) throw storeError("changed");
    return buffer.subarray(0, bytesRead);
  }

  #close(): Promise<void> {
    this.#closing ??= (async () => {
      this.#signal?.removeEventListener("abort", this.#onAbort);
      await this.#file.close(); // waits for a read in progress
    })();
    return this.#closing;
  }
}
