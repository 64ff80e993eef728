/**
 * A place for small objects that other or later instances use: a folder, or a bucket. Both methods reject
 * with `signal.reason` once `signal` aborts, and otherwise with a `ZiplinkError` whose code is `denied`,
 * `throttled`, `unavailable` or `timeout`, or `not_found` if there is no such bucket or folder and the
 * store reports that.
 */
export interface ObjectStore {
  /** Returns the object's bytes, or `undefined` if there is none. Rejects as above. */
  get(name: string, signal?: AbortSignal): Promise<Uint8Array | undefined>;
  /**
   * Stores an object, replacing any object of the same name. The write is atomic: no reader sees half of
   * it. Rejects as above; the object may have been stored even then, as the store's answer may be lost.
   */
  put(name: string, bytes: Uint8Array, signal?: AbortSignal): Promise<void>;
}
