/**
 * A place for small objects that other or later instances use: a folder, or a bucket. Both methods reject
 * once `signal` aborts. A bucket rejects with a `ZiplinkError` whose code is `denied`, `throttled`,
 * `unavailable` or `timeout`, or `not_found` if the bucket does not exist and the store reports that; a
 * folder rejects with the system's own error.
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
