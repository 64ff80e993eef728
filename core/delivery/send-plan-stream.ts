import { createHash, type Hash } from "node:crypto";
import { crc32 } from "../bytes/crc32.ts";
import { ZiplinkError } from "../errors.ts";
import { streamZip } from "../stream-zip.ts";
import type { AgeHeader } from "./age.ts";
import type { BlobDestination, StoredPart, Upload } from "./blob-destination.ts";
import type { ContentChecksums } from "./delivery-content.ts";
import type { DeliveryPlan, FileSources } from "./delivery-plan.ts";
import { checkDigest, type ExpectedChecksums } from "./file-content.ts";
import { sendStream } from "./send-stream.ts";

/** How a plan is sent whose length is not known in advance. */
export interface SendPlanStreamOptions {
  readonly plan: DeliveryPlan;
  readonly sources: FileSources;
  /** Encryption needs the length of what it encrypts: such a plan is refused. */
  readonly age: AgeHeader | undefined;
  readonly destination: BlobDestination;
  readonly upload: Upload;
  readonly partBytes: number;
  readonly concurrency: number;
  /** More bytes than these are refused with `too_large`. */
  readonly maxBytes: number;
  readonly onPart: (stored: StoredPart) => void;
  readonly signal: AbortSignal;
}

/**
 * Sends a compressed archive, or a file whose length its server does not tell: by one worker, part after
 * part, from the beginning each time. What an earlier attempt has sent is overwritten.
 */
export async function sendPlanStream(options: SendPlanStreamOptions) {
  const { plan, sources, age, signal, partBytes, destination } = options;
  if (age) {
    throw new ZiplinkError(
      "malformed",
      "encrypt: the length of what is delivered must be known. Leave out compression, or encrypt the file itself.",
    );
  }
  const expected = plan.kind === "stream" ? plan.expected : {};
  const sums = new RunningChecksums(expected);
  const sent = await sendStream({
    ...options,
    partBytes: Math.max(partBytes, destination.traits.limits.minPartBytes),
    chunks: await open(plan, sources, signal),
    inspect: (chunk) => sums.update(chunk),
  });
  const size = plan.kind === "stream" ? plan.size : undefined;
  if (size !== undefined && size !== sums.size) {
    throw new ZiplinkError("corrupt", "The file does not have the size that was stated.", {
      details: { total: sums.size, expected: size },
    });
  }
  // An earlier attempt may have sent more parts than there are now.
  return { parts: sent, checksums: sums.finish(), size: sums.size };
}

async function open(
  plan: DeliveryPlan,
  { source, urls }: FileSources,
  signal: AbortSignal,
): Promise<AsyncIterable<Uint8Array>> {
  if (plan.kind === "archive") return streamZip(plan.plan, source, { signal });
  if (plan.kind !== "stream" || !urls) throw new RangeError("this plan has a length");
  return urls.openUnsized(plan.url, signal);
}

/** Checksums of bytes that come in order. */
class RunningChecksums {
  readonly #expected: ExpectedChecksums;
  readonly #hashes: [name: "sha256" | "md5", hash: Hash][] = [];
  #crc = 0;
  size = 0;

  constructor(expected: ExpectedChecksums) {
    this.#expected = expected;
    for (const name of ["sha256", "md5"] as const) {
      if (expected[name] !== undefined) this.#hashes.push([name, createHash(name)]);
    }
  }

  update(chunk: Uint8Array): void {
    this.size += chunk.length;
    this.#crc = crc32(chunk, this.#crc);
    for (const [, hash] of this.#hashes) hash.update(chunk);
  }

  finish(): ContentChecksums {
    checkDigest("crc32", this.#crc, this.#expected.crc32);
    const digests: Record<string, string> = {};
    for (const [name, hash] of this.#hashes) {
      const digest = hash.digest("hex");
      checkDigest(name, digest, this.#expected[name]);
      digests[name] = digest;
    }
    return { crc32: this.#crc, ...digests };
  }
}
