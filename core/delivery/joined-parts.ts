import { combineCrc32 } from "../bytes/crc32.ts";
import { ZiplinkError } from "../errors.ts";
import type { CompletionTerms, StoredPart } from "./blob-destination.ts";

/** Returns the CRC-32 of consecutive `parts`; `undefined` if the CRC-32 of any part is unknown. */
export function joinedCrc32(parts: readonly StoredPart[]): number | undefined {
  let crc = 0;
  for (const { size, crc32 } of parts) {
    if (crc32 === undefined) return undefined;
    crc = combineCrc32(crc, crc32, size);
  }
  return crc;
}

/**
 * Throws `corrupt` unless `parts` are numbered from 1 without gaps and together have the object's length
 * and, if all of their checksums are known, its checksum.
 */
export function assertJoin(parts: readonly StoredPart[], { size, crc32 }: CompletionTerms): void {
  const total = parts.reduce((sum, part) => sum + part.size, 0);
  if (parts.some(({ number }, i) => number !== i + 1) || total !== size) {
    throw new ZiplinkError("corrupt", "The upload does not have all of its parts.", {
      details: { total, expected: size },
    });
  }
  const joined = joinedCrc32(parts);
  if (crc32 !== undefined && joined !== undefined && joined !== crc32) throw wrongUpload();
}

/** Returns the error for an upload whose bytes differ from those sent. */
export function wrongUpload(): ZiplinkError {
  return new ZiplinkError("corrupt", "The uploaded bytes do not match their checksum.");
}

/** Returns the error for an upload that does not exist and has not become an object. */
export function uploadGone(cause?: unknown): ZiplinkError {
  return new ZiplinkError("not_found", "The upload is gone: aborted, or expired in the store.", {
    cause,
  });
}

/** Returns the error for a key that is not free, or whose object has another version than the one to replace. */
export function notReplaceable(cause?: unknown): ZiplinkError {
  return new ZiplinkError(
    "changed",
    "There is another object under the destination's key. Allow it to be overwritten, or choose another key.",
    { cause },
  );
}
