/**
 * Where small objects are kept for other instances, or the next one: a folder, a bucket. Both
 * methods reject once `signal` aborts; those of a bucket with a `ZiplinkError` whose code is
 * `denied`, `throttled`, `unavailable` or `timeout`, or `not_found` if there is no such bucket and
 * the store tells that apart; those of a folder with the system's own error.
 */
export interface ObjectStore {
  /** The object's bytes, or `undefined` if there is none. Rejects as above. */
  get(name: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /**
   * Keeps an object, in place of the one that has its name; never seen half written. Rejects as
   * above, and has then either kept it or not: an answer may be lost on its way.
   */
  put(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
}
