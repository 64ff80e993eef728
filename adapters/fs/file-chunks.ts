import type { FileHandle } from "node:fs/promises";
import type { BlobInfo, ByteRange } from "../../core/blob-source.ts";
import { allocateChunk, CHUNK_BYTES, release } from "../../core/bytes/chunks.ts";
import { ChunkReader } from "../../core/source/chunk-reader.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { translate } from "./errors.ts";
import { assertVersion } from "./facts.ts";

/**
 * Reads a range of an open file, one chunk ahead, so that the disk works while the previous chunk
 * is sent.
 */
export class FileChunks extends ChunkReader {
  readonly #file: FileHandle;
  readonly #blob: BlobInfo;
  readonly #end: number;
  #position: number;
  /** The chunk at the position, if it is read already. */
  #ahead: Promise<Uint8Array> | undefined;

  constructor(file: FileHandle, blob: BlobInfo, range: ByteRange, signal?: AbortSignal) {
    super(signal);
    this.#file = file;
    this.#blob = blob;
    this.#position = range.start;
    this.#end = range.end;
  }

  protected override async read(): Promise<Uint8Array | undefined> {
    if (this.#position === this.#end) return undefined;
    try {
      const chunk = await (this.#ahead ?? this.#readChunk());
      if (this.isClosed) return chunk; // the file is closed, too
      this.#position += chunk.length;
      if (this.#position < this.#end) {
        this.#ahead = this.#readChunk();
        // A failure is reported on the next read; until then, it must not end the process.
        this.#ahead.catch(() => undefined);
      } else {
        this.#ahead = undefined;
        // Checked before the last bytes: a reader that has all promised bytes looks no further.
        assertVersion(await this.#file.stat({ bigint: true }), this.#blob);
      }
      return chunk;
    } catch (error) {
      throw translate(error);
    }
  }

  protected override async dispose(): Promise<void> {
    this.#ahead?.then(release, () => undefined);
    await this.#file.close(); // waits for a read in progress
  }

  async #readChunk(): Promise<Uint8Array> {
    const length = Math.min(CHUNK_BYTES, this.#end - this.#position);
    const buffer = allocateChunk(length);
    const { bytesRead } = await this.#file.read(buffer, 0, length, this.#position);
    if (bytesRead === 0) throw storeError("changed");
    return buffer.subarray(0, bytesRead);
  }
}
