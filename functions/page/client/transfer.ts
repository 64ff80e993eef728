import type { DownloadFile } from "./download-file.ts";
import { fetchPart, type PartOptions, type Target } from "./fetch-part.ts";

/** What one request asks for: little enough to be held in memory, and for Lambda to send at full speed. Bytes. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** How many pieces are under way at a time. A browser has six connections to a host. */
const PARALLEL = 3;
/** How much is written at once. Bytes. */
const BATCH_BYTES = 1024 * 1024;

/** Who ends a transfer, and who is told of it. */
export interface TransferOptions extends PartOptions {
  /** Told of each bit that has come. Bytes. */
  readonly onBytes: (count: number) => void;
}

/**
 * Brings what is missing in `downloadFile`: pieces come side by side and are written in their order, so that what is there
 * is always the archive's beginning. Rejects with a `Problem`, with what the file rejects with, or the signal's reason.
 */
export async function transfer(
  target: Target,
  downloadFile: DownloadFile,
  start: number,
  options: TransferOptions,
): Promise<void> {
  const ended = new AbortController();
  const { signal } = ended;
  options.signal.addEventListener("abort", () => ended.abort(options.signal.reason), { signal });
  const pieces: Piece[] = [];
  let next = start;
  const startPieces = () => {
    while (pieces.length < PARALLEL && next < target.length) {
      const end = Math.min(next + PIECE_BYTES, target.length);
      pieces.push(openPiece(target, next, end, { ...options, signal }));
      next = end;
    }
  };
  try {
    for (startPieces(); pieces.length > 0; startPieces()) {
      const [piece] = pieces;
      if (piece) await write(piece, downloadFile);
      pieces.shift();
    }
  } finally {
    ended.abort();
  }
}

interface Piece {
  /** What has come, waiting in memory. It ends where the piece does, or where it failed. */
  readonly chunks: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  /** Why it ended early. */
  failure?: unknown;
}

/** A piece that comes whether it is read or not. */
function openPiece(target: Target, start: number, end: number, options: TransferOptions): Piece {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async start(controller) {
      try {
        for await (const chunk of fetchPart(target, start, end, options)) {
          options.onBytes(chunk.length);
          controller.enqueue(chunk);
        }
      } catch (error) {
        // An error would throw away what has come.
        piece.failure = error;
      }
      controller.close();
    },
  });
  const piece: Piece = { chunks: stream.getReader() };
  return piece;
}

/** Adds a piece, or as much of it as came, to the file. */
async function write(piece: Piece, downloadFile: DownloadFile): Promise<void> {
  for (let isOver = false; !isOver; ) {
    const batch: Uint8Array<ArrayBuffer>[] = [];
    for (let bytes = 0; bytes < BATCH_BYTES; ) {
      const { done, value } = await piece.chunks.read();
      isOver = done;
      if (done) break;
      batch.push(value);
      bytes += value.length;
    }
    if (batch.length > 0) await downloadFile.append(batch);
  }
  if (piece.failure !== undefined) throw piece.failure;
}
