import type { DownloadFile } from "./download-file.ts";
import { fetchPart, type PartOptions, type Target } from "./fetch-part.ts";

/** Length of one request: small enough to hold in memory, and for Lambda to send at full speed. Bytes. */
const PIECE_BYTES = 4 * 1024 * 1024;
/** Number of pieces fetched at a time. A browser opens up to six connections to a host. */
const PARALLEL = 3;
/** Number of bytes written at once. */
const BATCH_BYTES = 1024 * 1024;

/** Options of `transfer`. */
export interface TransferOptions extends PartOptions {
  /** Called with the number of bytes of each chunk that arrives. */
  readonly onBytes: (count: number) => void;
}

/**
 * Fetches what is missing in `downloadFile`: pieces are fetched in parallel and written in order, so that the file
 * always holds the beginning of the archive. Rejects with a `Problem`, the file's error, or the signal's reason.
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
  /** Bytes that have arrived, held in memory. They end where the piece ends, or where it failed. */
  readonly chunks: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>;
  /** Why it ended early. */
  failure?: unknown;
}

/** Starts fetching a piece, whether or not it is being read. */
function openPiece(target: Target, start: number, end: number, options: TransferOptions): Piece {
  const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async start(controller) {
      try {
        for await (const chunk of fetchPart(target, start, end, options)) {
          options.onBytes(chunk.length);
          controller.enqueue(chunk);
        }
      } catch (error) {
        // Erroring the stream would discard the bytes that have arrived.
        piece.failure = error;
      }
      controller.close();
    },
  });
  const piece: Piece = { chunks: stream.getReader() };
  return piece;
}

/** Appends a piece, or as much of it as arrived, to the file. */
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
