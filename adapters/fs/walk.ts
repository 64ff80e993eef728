import type { BlobInfo } from "../../core/blob-source.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { compareUtf8 } from "../../core/source/key-order.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { isMissing } from "./errors.ts";
import { assertRoot, type FolderEntry, refusalOf, refusedInfo, withPath } from "./refusals.ts";
import type { OpenFolder, ServedRoot } from "./served-root.ts";
import {
  type File,
  type Folder,
  filesToDescribe,
  folderIn,
  type Item,
  isBound,
  isFolder,
  isWithinItself,
  startOf,
  toListedInfo,
} from "./walk-items.ts";

/** Bounds of one listing: people who can write in the folder must not keep the service busy. */
export interface WalkLimits {
  /** Folders above a file. */
  readonly maxDepth: number;
  /** Length of a key in bytes. */
  readonly maxKeyBytes: number;
  /** Folders read. */
  readonly maxFolders: number;
  /**
   * Folders read that have a symbolic link in their path. With two links in each folder of a chain, thirty
   * folders can be reached by a billion paths.
   */
  readonly maxLinkedFolders: number;
}

/** How a listing is made. */
export interface WalkOptions {
  readonly signal?: AbortSignal | undefined;
  readonly limits?: Partial<WalkLimits> | undefined;
  /** See `FsSourceOptions`. */
  readonly listsUnreadable?: boolean;
}

const defaultLimits: WalkLimits = {
  maxDepth: 256,
  maxKeyBytes: 3840, // Linux allows paths of 4,095 bytes, of which the root needs some
  maxFolders: 1_000_000,
  maxLinkedFolders: 10_000,
};

/** Number of folders that are read concurrently, and of files that are described in each of them. */
const CONCURRENCY = 32;

/** Files described before they are asked for; more are never read ahead. */
const MAX_AHEAD = 10_000;

/** A folder whose items are being listed. */
interface Level {
  readonly folder: Folder;
  /** Drops the items listed so far. */
  readonly items: (Item | undefined)[];
  next: number;
}

/**
 * Lists the files whose keys start with a prefix. Folders are read ahead, several at a time. The cost of a
 * file grows with the length of its key, not with its depth.
 */
export class Walk {
  readonly #root: ServedRoot;
  readonly #prefix: string;
  readonly #signal: AbortSignal | undefined;
  readonly #limits: WalkLimits;
  readonly #listsUnreadable: boolean;
  /** Folders not read yet. The last one is needed first. */
  readonly #waiting: Folder[] = [];
  readonly #reading = new Set<Promise<void>>();
  #isOver = false;
  #ahead = 0;
  #folders = 0;
  #linkedFolders = 0;

  constructor(root: ServedRoot, prefix: string, options: WalkOptions = {}) {
    this.#root = root;
    this.#prefix = prefix;
    this.#signal = options.signal;
    this.#limits = { ...defaultLimits, ...options.limits };
    this.#listsUnreadable = options.listsUnreadable ?? false;
  }

  /**
   * Yields the files in the order of their keys' bytes, except for folders that cannot be read; may be called
   * once. Rejects as `ServedRoot` does, and with `denied` beyond the limits, for a link that leads in a
   * circle, and unless `listsUnreadable` for anything that cannot be read.
   */
  async *files(): AsyncGenerator<BlobInfo, void, undefined> {
    try {
      const start = startOf(this.#prefix);
      const levels: Level[] = [{ folder: start, items: await this.#startItems(start), next: 0 }];
      for (let level = levels.at(-1); level; level = levels.at(-1)) {
        this.#signal?.throwIfAborted();
        this.#readAhead();
        const item = level.items[level.next];
        if (item === undefined) {
          levels.pop();
          continue;
        }
        if (!isFolder(item) && !item.info) await this.#describeNext(level);
        level.items[level.next++] = undefined;
        if (isFolder(item)) {
          levels.push({ folder: item, items: await this.#itemsOf(item), next: 0 });
        } else if (item.info) {
          this.#ahead--;
          yield item.info;
        }
      }
    } finally {
      this.#isOver = true;
      await Promise.all(this.#reading);
    }
  }

  /** Returns the items of the first folder; none if there is no such folder. */
  async #startItems(start: Folder): Promise<Item[]> {
    try {
      return await this.#itemsOf(start);
    } catch (error) {
      if (start.id !== undefined || !isMissing(error))
        throw withPath(error, start.key.slice(0, -1));
      await assertRoot(this.#root);
      return [];
    }
  }

  /** Starts to read the folders that are needed next. */
  #readAhead(): void {
    while (!this.#isOver && this.#reading.size < CONCURRENCY && this.#ahead < MAX_AHEAD) {
      const folder = this.#waiting.pop();
      if (!folder) return;
      this.#itemsOf(folder).catch(() => undefined); // reported when the folder is listed
    }
  }

  /** Returns the items of a folder in order, and the first files described. */
  #itemsOf(folder: Folder): Promise<Item[]> {
    if (folder.items) return folder.items;
    folder.items = this.#read(folder);
    const ended = () => {
      this.#reading.delete(reading);
      this.#readAhead();
    };
    const reading = folder.items.then(ended, ended);
    this.#reading.add(reading);
    return folder.items;
  }

  async #read(folder: Folder): Promise<Item[]> {
    this.#assertWithinLimits(folder);
    const { parent } = folder;
    if (parent === undefined) return await this.#open(folder);
    const entry = { key: folder.key.slice(0, -1), name: folder.name.slice(0, -1) };
    try {
      return await this.#open(folder);
    } catch (error) {
      const refusal = await this.#root.inFolder(parent.key, (opened) =>
        refusalOf(error, opened, entry),
      );
      const item = { ...entry, info: this.#listRefused(entry, refusal) };
      this.#ahead++;
      return [item];
    }
  }

  async #open(folder: Folder): Promise<Item[]> {
    return await this.#root.inFolder(folder.key, async (opened) => {
      folder.id = `${opened.stats.dev} ${opened.stats.ino}`;
      if (folder.isLinked && isWithinItself(folder)) {
        throw storeError("link_in_circle", undefined, { path: folder.key.slice(0, -1) });
      }
      const items = await this.#itemsIn(folder, opened);
      items.sort((a, b) => compareUtf8(a.name, b.name));
      this.#ahead += items.filter((item) => !isFolder(item) && item.info).length;
      await this.#describe(opened, filesToDescribe(items, 0));
      for (const item of items.toReversed()) if (isFolder(item)) this.#waiting.push(item);
      return items;
    });
  }

  #assertWithinLimits({ depth, isLinked }: Folder): void {
    const { maxDepth, maxFolders, maxLinkedFolders } = this.#limits;
    this.#folders++;
    if (isLinked) this.#linkedFolders++;
    if (depth > maxDepth) throw storeError("too_deep");
    if (this.#folders > maxFolders) throw storeError("too_many_folders");
    if (this.#linkedFolders > maxLinkedFolders) throw storeError("too_many_links");
  }

  /** Returns the files and folders directly in a folder. Follows its links, and describes their targets. */
  async #itemsIn(folder: Folder, opened: OpenFolder): Promise<Item[]> {
    const items: Item[] = [];
    const links: string[] = [];
    // Only the first folder has entries that the prefix excludes.
    const namePrefix = this.#prefix.slice(folder.key.length);
    const maxNameBytes = this.#limits.maxKeyBytes - Buffer.byteLength(folder.key);
    for (const entry of await opened.entries()) {
      const { name } = entry;
      if (!name.startsWith(namePrefix)) continue;
      if (Buffer.byteLength(name) > maxNameBytes) throw storeError("too_deep");
      if (entry.isFile()) items.push({ key: folder.key + name, name, info: undefined });
      else if (entry.isDirectory()) items.push(folderIn(folder, name, false));
      else if (entry.isSymbolicLink()) links.push(name);
    }
    await this.#each(links, async (name) => {
      const entry = { key: folder.key + name, name };
      try {
        const stats = await opened.stat(name);
        if (stats.isFile()) items.push({ ...entry, info: toListedInfo(entry.key, stats) });
        else if (stats.isDirectory()) items.push(folderIn(folder, name, true));
      } catch (error) {
        const refusal = await refusalOf(error, opened, entry);
        items.push({ ...entry, info: this.#listRefused(entry, refusal) });
      }
    });
    return items;
  }

  /** Returns how an entry that cannot be read is listed; throws why if it must not be, or was just removed. */
  #listRefused({ key }: FolderEntry, refusal: unknown): BlobInfo {
    const isDenied = refusal instanceof ZiplinkError && refusal.code === "denied";
    if (!this.#listsUnreadable || !isDenied || isBound(refusal)) throw refusal;
    return refusedInfo(key);
  }

  /** Describes the next files of a folder that has more of them than are described at a time. */
  async #describeNext({ folder, items, next }: Level): Promise<void> {
    const files = filesToDescribe(items, next);
    await this.#root.inFolder(folder.key, (opened) => this.#describe(opened, files));
  }

  async #describe(opened: OpenFolder, files: readonly File[]): Promise<void> {
    await this.#each(files, async (file) => {
      try {
        const stats = await opened.lstat(file.name);
        if (!stats.isFile()) throw storeError("changed");
        file.info = toListedInfo(file.key, stats);
      } catch (error) {
        file.info = this.#listRefused(file, await refusalOf(error, opened, file));
      }
    });
    this.#ahead += files.length;
  }

  /** Calls `action` for each value, several at a time; none is under way once this settles. */
  async #each<T>(values: readonly T[], action: (value: T) => Promise<void>): Promise<void> {
    const queue = values.values();
    let failure: { readonly error: unknown } | undefined;
    const worker = async () => {
      try {
        while (!failure && !this.#isOver) {
          const { done, value } = queue.next();
          if (done) return;
          await action(value);
        }
      } catch (error) {
        failure ??= { error };
      }
    };
    await Promise.all(Array.from({ length: Math.min(CONCURRENCY, values.length) }, worker));
    if (failure) throw failure.error;
  }
}
