import type { BlobDestination } from "./blob-destination.ts";
import { type CallRetries, createRetried } from "./retried.ts";

/**
 * Returns `destination` with its passing failures hidden: every call is made again, after growing delays
 * or those that the store asks for. `begin` as well: an upload whose answer was lost is found by `uploads`.
 */
export function withRetries(
  destination: BlobDestination,
  options: CallRetries = {},
): BlobDestination {
  const retried = createRetried(options);
  return {
    traits: destination.traits,
    begin: (key, terms, signal) => retried((s) => destination.begin(key, terms, s), signal),
    putPart: (upload, place, bytes, signal) =>
      retried((s) => destination.putPart(upload, place, bytes, s), signal),
    copyPart: (upload, place, blob, range, signal) =>
      retried((s) => destination.copyPart(upload, place, blob, range, s), signal),
    listParts: (upload, signal) => retried((s) => destination.listParts(upload, s), signal),
    complete: (upload, parts, terms, signal) =>
      retried((s) => destination.complete(upload, parts, terms, s), signal),
    abort: (upload, signal) => retried((s) => destination.abort(upload, s), signal),
    find: (key, signal) => retried((s) => destination.find(key, s), signal),
    findUploaded: (upload, signal) => retried((s) => destination.findUploaded(upload, s), signal),
    remove: (upload, signal) => retried((s) => destination.remove(upload, s), signal),
    uploads: (prefix, signal) => destination.uploads(prefix, signal),
  };
}
