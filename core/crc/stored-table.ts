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

/** A checksum that is still to be saved. */
interface Learnt {
  /** `undefined` to remove it. */
  readonly crc32: number | undefined;
  /** Whether it replaces another one of the store's. */
  readonly isOwn: boolean;
}

/**
 * The checksums of one archive that are in the store, and those still to be saved there. Best-effort:
 * without a store, or if it fails, objects are reread.
 */
export class StoredTable {
  readonly #layout: Layout;
  readonly #knowledge: CrcKnowledge;
  readonly #onContradiction: (index: number) => void;
  readonly #isWorthwhile: boolean;
  readonly #stored = new Map<number, number>();
  readonly #learnt = new Map<number, Learnt>();
  #loading: Promise<void> | undefined;
  #saving = Promise.resolve();
  #unsavedBytes = 0;

  /** @param onContradiction called for each entry whose checksum in the store turns out to be wrong */
  constructor(
    layout: Layout,
    knowledge: CrcKnowledge,
    onContradiction: (index: number) => void = () => undefined,
  ) {
    this.#layout = layout;
    this.#knowledge = knowledge;
    this.#onContradiction = onContradiction;
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

  /**
   * Adds the checksum of an entry whose bytes this download has seen, in place of any other one. From time to
   * time saves the table in the store.
   */
  learn(index: number, crc32: number, size: number): void {
    this.#add(index, { crc32, isOwn: true }, size);
  }

  /** Adds a checksum that another download has learnt, unless the store has one. */
  offer(index: number, crc32: number, size: number): void {
    if (!this.#learnt.has(index)) this.#add(index, { crc32, isOwn: false }, size);
  }

  /** Removes a checksum that turned out to be wrong, although nobody knows the right one. */
  remove(index: number): void {
    this.#add(index, { crc32: undefined, isOwn: true }, 0);
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

  #add(index: number, learnt: Learnt, size: number): void {
    if (!this.#isWorthwhile) return;
    if (this.#stored.get(index) === learnt.crc32) {
      this.#learnt.delete(index);
      return;
    }
    this.#learnt.set(index, learnt);
    this.#unsavedBytes += size;
    if (this.#unsavedBytes >= SAVE_EVERY_BYTES) void this.save();
  }

  async #keepLearnt(): Promise<void> {
    if (this.#learnt.size === 0) return;
    await this.load();
    let isChanged = false;
    for (const [index, { crc32, isOwn }] of this.#learnt) {
      const stored = this.#stored.get(index);
      if (stored === crc32 || (stored !== undefined && !isOwn)) continue;
      if (stored !== undefined) this.#onContradiction(index);
      if (crc32 === undefined) this.#stored.delete(index);
      else this.#stored.set(index, crc32);
      isChanged = true;
    }
    this.#learnt.clear();
    if (!isChanged) return;
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
