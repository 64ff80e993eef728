import { createMemoryDestination } from "../../../adapters/memory/destination.ts";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { describeBlobDestination } from "../../contract/blob-destination.ts";
import { collect } from "../../support/bytes.ts";

describeBlobDestination("memory", async () => {
  const source = createMemorySource();
  const destination = createMemoryDestination({ source });
  return {
    destination,
    denied: {
      ...destination,
      begin: async () => {
        throw new ZiplinkError("denied", "Nobody writes here.");
      },
    },
    async read(key) {
      const blob = await source.stat(key).catch(() => undefined);
      return blob && collect(await source.open(blob, { start: 0, end: blob.size }));
    },
    put: async (key, bytes) => source.put(key, bytes),
    async leftovers() {
      let count = 0;
      for await (const _ of destination.uploads("")) count++;
      return count;
    },
    lose: (upload) => destination.abort(upload),
    close: async () => undefined,
  };
});
