import { knownCrc32 } from "../zip/entry-shape.ts";
import type { Layout } from "../zip/layout.ts";
import type { CrcKnowledge } from "./crc-knowledge.ts";
import type { CrcStore } from "./crc-store.ts";

/** An archive with less to read than this is read again as quickly as the store is asked. */
const WORTH_STORING_BYTES = 8 * 1024 * 1024;

/** How much is learnt before it is kept, while a download goes on. */
const SAVE_EVERY_BYTES = 256 * 1024 * 1024;

/** A store that is slow must not hold up a download. */
const TIMEOUT_MS = 3_000;

/**
 * The checksums of one archive that are in the store, and those that should be. All of it is
 * best-effort: without the store, or with one that fails, objects are read again.
 */
export class StoredTable {
  readonly #layout: Layout;
  readonly #knowledge: CrcKnowledge;
  readonly #isWorthwhile: boolean;
  readonly #stored = new Map<number, number>();
  readonly #learnt = new Map<number, number>();
  #loading: Promise<void> | undefined;
  #saving = Promise.resolve();
  #unsavedBytes = 0;

  constructor(layout: Layout, knowledge: CrcKnowledge) {
    this.#layout = layout;
    this.#knowledge = knowledge;
    this.#isWorthwhile =
      knowledge.store !== undefined && unknownBytes(layout) >= WORTH_STORING_BYTES;
  }

  /** Gets what the store has. Never rejects. */
  load(): Promise<void> {
    this.#loading ??= this.#attempt(async (store, signal) => {
      const table = await store.load(this.#layout.etag, signal);
      for (const [index, crc32] of table) this.#stored.set(index, crc32);
    });
    return this.#loading;
  }

  /** What the store had, once it was loaded. */
  get(index: number): number | undefined {
    return this.#stored.get(index);
  }

  /** Notes an entry's checksum for the store, and from time to time keeps what has come together. */
  learn(index: number, crc32: number, size: number): void {
    if (!this.#isWorthwhile || this.#stored.has(index)) return;
    this.#learnt.set(index, crc32);
    this.#unsavedBytes += size;
    if (this.#unsavedBytes >= SAVE_EVERY_BYTES) void this.save();
  }

  /**
   * Adds what was learnt since the last time to what the store has, behind what is being kept
   * already. Never rejects.
   */
  save(): Promise<void> {
    this.#unsavedBytes = 0;
    this.#saving = this.#saving.then(() => this.#keepLearnt());
    return this.#saving;
  }

  async #keepLearnt(): Promise<void> {
    if (this.#learnt.size === 0) return;
    await this.load();
    const known = this.#stored.size;
    for (const [index, crc32] of this.#learnt) this.#stored.set(index, crc32);
    this.#learnt.clear();
    if (this.#stored.size === known) return;
    await this.#attempt((store, signal) => store.save(this.#layout.etag, this.#stored, signal));
  }

  async #attempt(action: (store: CrcStore, signal: AbortSignal) => Promise<void>): Promise<void> {
    const { store, onStoreError } = this.#knowledge;
    if (!store || !this.#isWorthwhile) return;
    try {
      await action(store, AbortSignal.timeout(TIMEOUT_MS));
    } catch (error) {
      onStoreError(error);
    }
  }
}

/** Bytes of the objects whose checksum the plan does not state. */
function unknownBytes({ plan }: Layout): number {
  let bytes = 0;
  for (const entry of plan.entries) {
    if (knownCrc32(entry) === undefined) bytes += entry.blob.size;
  }
  return bytes;
}
