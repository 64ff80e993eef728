import { Readable } from "node:stream";
import type { BlobSource } from "../blob-source.ts";
import { coalesce } from "../bytes/coalesce.ts";
import { ZiplinkError } from "../errors.ts";
import { joined, verified } from "../streaming/entry-data.ts";
import { ReadAhead } from "../streaming/read-ahead.ts";
import type { ReadAheadPool } from "../streaming/read-ahead-pool.ts";
import type { Plan } from "../zip/plan.ts";
import { isCompressed } from "./compressed-types.ts";
import type { DeflatingZip } from "./deflating-zip.ts";
import { assertDeflatable, maxDeflatedLength } from "./limits.ts";

/**
 * Yields a plan's archive with compressed entries. Objects are read as for a stored archive. If one cannot
 * be read or does not match the plan, this rejects and never writes the central directory. Rejects with
 * `not_deflatable` if the archive is too large to be compressed.
 */
export async function* deflatedBytes(
  plan: Plan,
  source: BlobSource,
  readAhead: ReadAheadPool,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  assertDeflatable(plan);
  const planned = plan.entries.map(({ blob }) => ({ blob, start: 0, end: blob.size }));
  const reads = new ReadAhead(source, planned, readAhead, signal);
  // Loaded on demand: most function instances never need it, and would start more slowly with it.
  const deflating = await import("./deflating-zip.ts");
  const zip = new deflating.DeflatingZip();
  const fed = feed(zip, plan, reads).catch((error: Error) => void zip.destroy(error));
  let left = maxDeflatedLength(plan);
  try {
    for await (const chunk of coalesce(zip)) {
      left -= chunk.length;
      if (left < 0) {
        throw new ZiplinkError("internal", "The archive is longer than its calculated maximum.");
      }
      yield chunk;
    }
  } finally {
    zip.destroy();
    await reads.close();
    await fed;
  }
}

async function feed(zip: DeflatingZip, plan: Plan, reads: ReadAhead): Promise<void> {
  for (const entry of plan.entries) {
    const { name, blob } = entry;
    const chunks = verified(reads.read(blob, { start: 0, end: blob.size }), entry);
    const isStored = blob.size === 0 || isCompressed(name, blob.contentType);
    if (isStored && blob.size <= plan.format.smallEntryBytes) {
      await zip.append(entry, await joined(chunks, blob.size), "stored");
    } else {
      const data = readable(chunks, (error) => zip.destroy(error));
      await zip.append(entry, data, isStored ? "framed" : "deflated");
    }
  }
  zip.finalize();
}

/** Returns a stream of `chunks`. If they fail, it calls `onFailure` and never ends. */
function readable(
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
  onFailure: (error: Error) => void,
): Readable {
  return new Readable({
    read() {
      chunks.next().then(({ done, value }) => this.push(done ? null : value), onFailure);
    },
    destroy(error, done) {
      // An error while closing is of no use: the stream was given up or has ended.
      const closed = () => done(error);
      chunks.return().then(closed, closed);
    },
  });
}
