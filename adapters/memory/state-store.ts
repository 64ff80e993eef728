import type { StateStore } from "../../core/delivery/state-store.ts";

/** Keeps state in memory, for tests and demonstrations: it ends with the process. */
export function createMemoryStateStore(): StateStore {
  const objects = new Map<string, { readonly bytes: Uint8Array; readonly version: string }>();
  let versions = 0;
  return {
    async get(name, signal) {
      signal?.throwIfAborted();
      return objects.get(name);
    },
    async put(name, bytes, expected, signal) {
      signal?.throwIfAborted();
      const wanted = expected === "nothing" ? undefined : expected;
      const found = objects.get(name)?.version;
      if (wanted !== "anything" && found !== wanted?.version) return undefined;
      const version = String(++versions);
      objects.set(name, { bytes: new Uint8Array(bytes), version });
      return version;
    },
    async *list(prefix, signal) {
      for (const name of [...objects.keys()]) {
        signal?.throwIfAborted();
        if (name.startsWith(prefix)) yield name;
      }
    },
    async remove(name, signal) {
      signal?.throwIfAborted();
      objects.delete(name);
    },
  };
}
