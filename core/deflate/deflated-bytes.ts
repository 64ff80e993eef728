import { Readable } from "node:stream";
import type { BlobInfo, BlobSource } from "../blob-source.ts";
import { release } from "../chunks.ts";
import { coalesce } from "../coalesce.ts";
import { wrongCrc, ZiplinkError } from "../errors.ts";
import type { Plan, PlanEntry } from "../plan.ts";
import { ReadAhead } from "../read-ahead.ts";
import type { ReadAheadPool } from "../read-ahead-pool.ts";
import { crc32 } from "../zip/crc32.ts";
import { knownCrc32 } from "../zip/entry-shape.ts";
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
      await zip.append(entry, await readWhole(chunks, blob), "stored");
    } else {
      const data = readable(chunks, (error) => zip.destroy(error));
      await zip.append(entry, data, isStored ? "framed" : "deflated");
    }
  }
  zip.finalize();
}

/** The chunks of a whole object; the last one is held back if the CRC-32 that is known is another. */
async function* verified(
  chunks: AsyncIterable<Uint8Array>,
  entry: PlanEntry,
): AsyncGenerator<Uint8Array, void, undefined> {
  const known = knownCrc32(entry);
  let crc = 0;
  let left = entry.blob.size;
  for await (const chunk of chunks) {
    left -= chunk.length;
    if (known !== undefined) {
      crc = crc32(chunk, crc);
      if (left === 0 && crc !== known) throw wrongCrc();
    }
    yield chunk;
  }
}

async function readWhole(chunks: AsyncIterable<Uint8Array>, { size }: BlobInfo): Promise<Buffer> {
  const data = Buffer.allocUnsafeSlow(size);
  let offset = 0;
  for await (const chunk of chunks) {
    data.set(chunk, offset);
    offset += chunk.length;
    release(chunk);
  }
  return data;
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
