import type { BlobInfo } from "../blob-source.ts";
import { type ResilienceOptions, ResilientSource } from "../source/resilience/resilient-source.ts";
import type { UrlSource } from "./delivery-plan.ts";

/** Stands for a file whose server does not tell its length, where a description is expected. */
const unsized: BlobInfo = { key: "", size: 0, version: "", modified: new Date(0) };

/**
 * Returns what makes sources of URLs whose passing failures do not show, each for one delivery; the circuit
 * breaker is shared. A file of unknown length is opened once: it cannot go on where it was.
 */
export function createResilientUrls(
  urls: UrlSource,
  options: ResilienceOptions = {},
): () => UrlSource {
  const resilient = new ResilientSource(
    {
      stat: async (url, signal) => (await urls.describe(url, signal)) ?? unsized,
      list: (prefix, signal) => urls.list(prefix, signal),
      open: (blob, range, signal) => urls.open(blob, range, signal),
    },
    options,
  );
  return () => {
    const source = resilient.forDownload();
    return {
      async describe(url, signal) {
        const found = await source.stat(url, signal);
        return found === unsized ? undefined : found;
      },
      stat: (url, signal) => urls.stat(url, signal),
      list: (prefix, signal) => source.list(prefix, signal),
      open: (blob, range, signal) => source.open(blob, range, signal),
      openUnsized: (url, signal) => urls.openUnsized(url, signal),
    };
  };
}
