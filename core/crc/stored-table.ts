import { knownCrc32 } from "../zip/entry-shape.ts";
import type { Layout } from "../zip/layout.ts";
import type { CrcKnowledge } from "./crc-knowledge.ts";
import type { CrcStore } from "./crc-store.ts";

/** Rereading fewer bytes than this is as fast as asking the store. */
const WORTH_STORING_BYTES = 8 * 1024 * 1024;

/** During a download, the table is saved each time the checksums of this many bytes have been learnt. */
const SAVE_EVERY_BYTES = 256 * 1024 * 1024;

/** Bounds each call, so that a slow store does not delay a download. */
const TIMEOUT_MS = 3_000;

/**
 * The checksums of one archive that are in the store, and those still to be saved there. Best-effort:
 * without a store, or if it fails, objects are reread.
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

  /** Loads the table from the store. Never rejects. */
  load(): Promise<void> {
    this.#loading ??= this.#attempt(async (store, signal) => {
      const table = await store.load(this.#layout.etag, signal);
      for (const [index, crc32] of table) this.#stored.set(index, crc32);
    });
    return this.#loading;
  }

  /** Returns a checksum from the store, once the table is loaded. */
  get(index: number): number | undefined {
    return this.#stored.get(index);
  }

  /** Adds an entry's checksum, and from time to time saves the table in the store. */
  learn(index: number, crc32: number, size: number): void {
    if (!this.#isWorthwhile || this.#stored.has(index)) return;
    this.#learnt.set(index, crc32);
    this.#unsavedBytes += size;
    if (this.#unsavedBytes >= SAVE_EVERY_BYTES) void this.save();
  }

  /**
   * Saves the table with the checksums learnt since the last save, once a save in progress has ended.
   * Never rejects.
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

/** Returns the total size, in bytes, of the objects whose checksum the plan does not state. */
function unknownBytes({ plan }: Layout): number {
  let bytes = 0;
  for (const entry of plan.entries) {
    if (knownCrc32(entry) === undefined) bytes += entry.blob.size;
  }
  return bytes;
}
