import type { BlobSource } from "./blob-source.ts";
import { type CrcKnowledge, createCrcKnowledge } from "./crc/crc-knowledge.ts";
import { deflatedBytes } from "./deflate/deflated-bytes.ts";
import { ZiplinkError } from "./errors.ts";
import { withInlineEntries } from "./source/inline-entries.ts";
import { archiveBytes } from "./streaming/archive-bytes.ts";
import { BodyStream } from "./streaming/body-stream.ts";
import { ReadAheadPool } from "./streaming/read-ahead-pool.ts";
import { layoutZip } from "./zip/layout.ts";
import type { Plan } from "./zip/plan.ts";

/** Options of `streamZip`: the range to stream, and resources shared with other downloads. */
export interface StreamZipOptions {
  /** Offset of the first byte to stream. Default: 0. */
  readonly start?: number;
  /** Offset after the last byte to stream. Default: the archive's length. */
  readonly end?: number;
  /** Checksums learnt by this and other downloads. Default: not shared. */
  readonly crcs?: CrcKnowledge;
  /** Memory for reading ahead, for this and other downloads. Default: 32 MiB for this one alone. */
  readonly readAhead?: ReadAheadPool;
  /** Aborts the stream: it errors with the signal's reason, and every source is closed. */
  readonly signal?: AbortSignal;
}

/**
 * Streams bytes `[start, end)` of a plan's archive, by default all of it. Objects are read from `source`,
 * inline entries (`InlineEntry`) from the plan.
 *
 * Nothing is opened before the first read, and each read does only the work for its chunk. If an object
 * cannot be read or does not match the plan, the stream errors. It never closes early: a stream that has
 * closed has delivered exactly `end - start` bytes. Cancelling it closes every source.
 *
 * Throws `range_not_satisfiable` for a range outside the archive, whose length is
 * `layoutZip(plan).length`, and for any range of a compressed archive (`plan.format`), whose bytes are
 * known only while it is made.
 */
export function streamZip(
  plan: Plan,
  source: BlobSource,
  options: StreamZipOptions = {},
): ReadableStream<Uint8Array> {
  return openZip(plan, source, options).readable;
}

/** Opens the same stream as a body that also reports its end. Throws as `streamZip`. */
export function openZip(plan: Plan, source: BlobSource, options: StreamZipOptions): BodyStream {
  const layout = layoutZip(plan);
  const { start = 0, end = layout.length } = options;
  const isDeflated = plan.format.compression === "deflate";
  if (isDeflated && (options.start !== undefined || options.end !== undefined)) {
    throw new ZiplinkError(
      "range_not_satisfiable",
      "A compressed archive has no ranges: leave out start and end.",
    );
  }
  if (!(start >= 0 && start <= end && end <= layout.length)) {
    throw new ZiplinkError(
      "range_not_satisfiable",
      `The range ${start}-${end} is not within the archive's ${layout.length} bytes.`,
    );
  }
  const shared = {
    crcs: options.crcs ?? createCrcKnowledge({ maxObjects: 1 }),
    readAhead: options.readAhead ?? new ReadAheadPool(),
  };
  const blobs = withInlineEntries(source);
  const open = (signal: AbortSignal) =>
    isDeflated
      ? deflatedBytes(plan, blobs, shared.readAhead, signal)
      : archiveBytes(layout, blobs, { start, end }, shared, signal);
  return new BodyStream(open, options.signal);
}
