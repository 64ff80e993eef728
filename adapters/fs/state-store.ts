import { link, mkdir, open, readdir, readFile, rm, rmdir } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import type { StateStore } from "../../core/delivery/state-store.ts";
import { isMissing, translated } from "./errors.ts";

/** The folder of the state. */
export interface FsStateStoreOptions {
  /** The folder's path. It is created with the first object. */
  readonly root: string;
}

/** Names of versions are numbers that sort as text. */
const VERSION = /^\d{12}$/;

/**
 * Keeps state in a folder. An object is a folder with a file for each of its latest versions; a write
 * links the next number, which fails where another process has taken it. So there are no locks, and none
 * is left behind by a process that is killed.
 */
export function createFsStateStore({ root }: FsStateStoreOptions): StateStore {
  const pathOf = (name: string) => join(root, ...name.split("/").map((part) => `${part}.d`));

  return {
    get: (name, signal) =>
      guarded(signal, async () => {
        for (;;) {
          const version = await latest(pathOf(name));
          if (version === undefined) return undefined;
          try {
            return { bytes: await readFile(join(pathOf(name), version)), version };
          } catch (error) {
            if (!isMissing(error)) throw error; // a later one has come and this one gone
          }
        }
      }),

    put: (name, bytes, expected, signal) =>
      guarded(signal, async () => {
        const folder = pathOf(name);
        await mkdir(folder, { recursive: true, mode: 0o700 });
        for (;;) {
          const current = await latest(folder);
          const wanted = expected === "nothing" ? undefined : expected;
          if (wanted !== "anything" && current !== wanted?.version) return undefined;
          const version = String(Number(current ?? 0) + 1).padStart(12, "0");
          if (await writeVersion(folder, version, bytes)) {
            await removeOlder(folder, version);
            return version;
          }
          if (expected !== "anything") return undefined;
        }
      }),

    async *list(prefix, signal) {
      signal?.throwIfAborted();
      yield* walk(root, "", prefix);
    },

    remove: (name, signal) =>
      guarded(signal, async () => {
        await rm(pathOf(name), { recursive: true, force: true });
        // Folders of nothing go with it; one that is not empty stays.
        for (let path = dirname(pathOf(name)); path.startsWith(root + sep); path = dirname(path)) {
          if ((await rmdir(path).catch(() => "stays")) === "stays") return;
        }
      }),
  };
}

async function guarded<T>(signal: AbortSignal | undefined, work: () => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  return translated(work());
}

/** Returns the latest version in an object's folder, if there is one. */
async function latest(folder: string): Promise<string | undefined> {
  const names = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  return names
    .filter((name) => VERSION.test(name))
    .sort()
    .at(-1);
}

/** Writes a version if there is none of its number yet, durably and at once; tells whether it did. */
async function writeVersion(folder: string, version: string, bytes: Uint8Array): Promise<boolean> {
  const temporary = join(folder, `${crypto.randomUUID()}.tmp`);
  const file = await open(temporary, "wx", 0o600);
  try {
    await file.writeFile(bytes);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(temporary, join(folder, version));
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    await rm(temporary, { force: true });
  }
}

/** Removes what nobody needs any more; one version back stays for readers that have just seen it. */
async function removeOlder(folder: string, version: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => VERSION.test(name) && name < version);
  for (const name of names.sort().slice(0, -1)) await rm(join(folder, name), { force: true });
}

async function* walk(
  folder: string,
  name: string,
  prefix: string,
): AsyncGenerator<string, void, undefined> {
  const entries = await readdir(folder).catch((error: unknown) => {
    if (isMissing(error)) return [];
    throw error;
  });
  if (name !== "" && name.startsWith(prefix) && entries.some((entry) => VERSION.test(entry))) {
    yield name;
  }
  for (const entry of entries.filter((one) => one.endsWith(".d"))) {
    const part = entry.slice(0, -2);
    const child = name === "" ? part : `${name}/${part}`;
    const mayMatch = child.startsWith(prefix) || prefix.startsWith(`${child}/`);
    if (mayMatch) yield* walk(join(folder, entry), child, prefix);
  }
}
