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
 * The archive of `plan`, its entries compressed. Objects are read as those of a stored archive are. If
 * one cannot be read, or is not what the plan says, this rejects, and the central directory is never
 * written. Rejects with `not_deflatable` if it is more than can be compressed.
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
  // Loaded when it is needed: most functions never are, and would start the slower for it.
  const deflating = await import("./deflating-zip.ts");
  const zip = new deflating.DeflatingZip();
  const fed = feed(zip, plan, reads).catch((error: Error) => void zip.destroy(error));
  let left = maxDeflatedLength(plan);
  try {
    for await (const chunk of coalesce(zip)) {
      left -= chunk.length;
      if (left < 0) throw new ZiplinkError("internal", "The archive is longer than it can be.");
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

/** A stream of `chunks` that does not end if they fail: `onFailure` is told instead. */
function readable(
  chunks: AsyncGenerator<Uint8Array, void, undefined>,
  onFailure: (error: Error) => void,
): Readable {
  return new Readable({
    read() {
      chunks.next().then(({ done, value }) => this.push(done ? null : value), onFailure);
    },
    destroy(error, done) {
      // What closing it may fail with is of no use to anybody: it is given up, or has ended.
      const closed = () => done(error);
      chunks.return().then(closed, closed);
    },
  });
}
