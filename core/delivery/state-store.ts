import { type CallRetries, createRetried } from "./retried.ts";

/** The value that a state store has under a name. */
export interface StoredState {
  /** The object's bytes. */
  readonly bytes: Uint8Array;
  /** Opaque; changes whenever the object is written. */
  readonly version: string;
}

/** The condition for a write: the value that must be under the name. */
export type ExpectedState = "nothing" | "anything" | { readonly version: string };

/**
 * A place for the state of deliveries: small objects with conditional writes, so that of several
 * processes that change one at once, one succeeds. A bucket or a folder; no database. Names are
 * `/`-separated parts of `[A-Za-z0-9_.-]`. Every method rejects with a `ZiplinkError` whose code is
 * `denied`, `throttled`, `unavailable`, `timeout` or `full`, and with `signal.reason` once `signal`
 * aborts.
 */
export interface StateStore {
  /** Returns the object, or `undefined` if there is none. */
  get(name: string, signal?: AbortSignal): Promise<StoredState | undefined>;
  /**
   * Writes an object if `expected` holds, in one step. Returns its version, or `undefined` where another
   * write came first. Resolves as well if only the answer to its own write was lost, provided that no two
   * writes of one name have the same bytes.
   */
  put(
    name: string,
    bytes: Uint8Array,
    expected: ExpectedState,
    signal?: AbortSignal,
  ): Promise<string | undefined>;
  /** Yields the names that start with `prefix`, in no particular order. */
  list(prefix: string, signal?: AbortSignal): AsyncIterable<string>;
  /** Removes an object. Resolves if there is none as well. */
  remove(name: string, signal?: AbortSignal): Promise<void>;
}

/** Returns `store` with its passing failures hidden; a listing that breaks is not gone on with. */
export function withStateRetries(store: StateStore, options?: CallRetries): StateStore {
  const retried = createRetried(options);
  return {
    get: (name, signal) => retried((s) => store.get(name, s), signal),
    put: (name, bytes, expected, signal) =>
      retried((s) => store.put(name, bytes, expected, s), signal),
    async *list(prefix, signal) {
      // All names before the first one: each is a few bytes, and the whole listing can be made again.
      yield* await retried(async (s) => {
        const names: string[] = [];
        for await (const name of store.list(prefix, s)) names.push(name);
        return names;
      }, signal);
    },
    remove: (name, signal) => retried((s) => store.remove(name, s), signal),
  };
}
