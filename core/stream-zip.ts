import { follow } from "./async/abortable.ts";
import type { BlobSource } from "./blob-source.ts";
import { type CrcKnowledge, createCrcKnowledge } from "./crc/crc-knowledge.ts";
import { deflatedBytes } from "./deflate/deflated-bytes.ts";
import { ZiplinkError } from "./errors.ts";
import { withInlineEntries } from "./source/inline-entries.ts";
import { archiveBytes } from "./streaming/archive-bytes.ts";
import { ReadAheadPool } from "./streaming/read-ahead-pool.ts";
import { layoutZip } from "./zip/layout.ts";
import type { Plan } from "./zip/plan.ts";

/** Which bytes of an archive to stream, and what to share with other downloads. */
export interface StreamZipOptions {
  /** First byte of the archive to send. Default 0. */
  readonly start?: number;
  /** The byte behind the last one to send. Default the archive's length. */
  readonly end?: number;
  /** What this and other downloads learn of checksums. Default: nothing is shared. */
  readonly crcs?: CrcKnowledge;
  /** The room for reading ahead, for this and other downloads. Default: 32 MiB for this one. */
  readonly readAhead?: ReadAheadPool;
  /** Aborting it ends the stream with its reason and closes everything. */
  readonly signal?: AbortSignal;
}

/**
 * Bytes `[start, end)` of the archive of `plan`, by default all of it. Stored objects are read from
 * `source`; what an application has given (`InlineEntry`) is read from the plan.
 *
 * Nothing is opened before the first read, and each read does only the work for its chunk. If an
 * object cannot be read, or is not what the plan says, the stream errors: it never closes early, so
 * a stream that closed has given exactly `end - start` bytes. Cancelling it closes every source.
 *
 * Throws `range_not_satisfiable` for a range outside the archive, whose length is
 * `layoutZip(plan).length`; and for any range of an archive that is compressed (`plan.format`), as that
 * is only known while it is made.
 */
export function streamZip(
  plan: Plan,
  source: BlobSource,
  options: StreamZipOptions = {},
): ReadableStream<Uint8Array> {
  const layout = layoutZip(plan);
  const { start = 0, end = layout.length } = options;
  const isDeflated = plan.format.compression === "deflate";
  if (isDeflated && (options.start !== undefined || options.end !== undefined)) {
    throw new ZiplinkError("range_not_satisfiable", "A compressed archive has no ranges.");
  }
  if (!(start >= 0 && start <= end && end <= layout.length)) {
    throw new ZiplinkError(
      "range_not_satisfiable",
      `The range ${start}-${end} is not within the archive's ${layout.length} bytes.`,
    );
  }
  const ending = new AbortController();
  const { signal } = ending;
  // The caller's signal may live much longer than this stream: nothing of it may stay there.
  const unfollow = follow(options.signal, ending);
  const shared = {
    crcs: options.crcs ?? createCrcKnowledge({ maxObjects: 1 }),
    readAhead: options.readAhead ?? new ReadAheadPool(),
  };
  const blobs = withInlineEntries(source);
  const chunks = isDeflated
    ? deflatedBytes(plan, blobs, shared.readAhead, signal)
    : archiveBytes(layout, blobs, { start, end }, shared, signal);

  // Also where nobody reads on, all is let go of at once; it queues behind a read under way, whose
  // failure is told there.
  signal.addEventListener("abort", () => void chunks.return().catch(() => undefined), {
    once: true,
  });

  return new ReadableStream(
    {
      async pull(controller) {
        if (signal.aborted) {
          await chunks.return();
          throw signal.reason;
        }
        let isOver = true;
        try {
          const { done, value } = await chunks.next();
          if (done) controller.close();
          else controller.enqueue(value);
          isOver = done === true;
        } finally {
          if (isOver) unfollow();
        }
      },
      async cancel(reason) {
        unfollow();
        ending.abort(reason);
        await chunks.return();
      },
    },
    { highWaterMark: 0 },
  );
}
