/** Memory for the remembered keys of one listing, estimated, in bytes: some 300,000 keys of 60 characters. */
const MAX_BYTES = 32 * 1024 * 1024;

/** Memory of a key besides its characters. */
const KEY_BYTES = 48;

/** The keys that a listing has yielded so far, up to about 32 MiB of them. */
export class SeenKeys {
  readonly #keys = new Set<string>();
  #bytes = 0;

  /** Whether there was no more room, so that some keys of the listing are not remembered. */
  get isFull(): boolean {
    return this.#bytes > MAX_BYTES;
  }

  /** Remembers a key while there is room. Returns whether it was not known. */
  add(key: string): boolean {
    if (this.#keys.has(key)) return false;
    this.#bytes += KEY_BYTES + key.length;
    if (!this.isFull) this.#keys.add(key);
    return true;
  }
}
