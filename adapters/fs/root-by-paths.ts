import { type BigIntStats, constants } from "node:fs";
import { access, lstat, open, readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { storeError } from "../../core/source/store-errors.ts";
import { isInside } from "./paths.ts";
import type { ServedRoot } from "./served-root.ts";

/**
 * Returns a served folder on a system that does not tell where a descriptor is. Each path is resolved
 * before it is used, and once more afterwards: it must still lead into the root, and to the very thing
 * that was used (device and inode). Only a link that leads out at exactly the moment of use and of the
 * last check, but not in between, gets past that.
 */
export function rootByPaths(root: string): ServedRoot {
  let realRoot: string | undefined;

  /** Returns `path` with its links resolved. Rejects unless it exists and lies inside the root. */
  async function resolveInside(path: string): Promise<string> {
    const real = await realpath(path);
    if (realRoot !== undefined && isInside(real, realRoot)) return real;
    // Resolve the root again before refusing anything: it may be a link that has changed.
    realRoot = await realpath(root);
    if (isInside(real, realRoot)) return real;
    throw storeError("link_leads_out");
  }

  /** Rejects with `changed` unless `path` still leads to what `used` describes. */
  async function checkAgain(path: string, used: BigIntStats): Promise<void> {
    const now = await lstat(await resolveInside(path), { bigint: true });
    if (now.dev !== used.dev || now.ino !== used.ino) throw storeError("changed");
  }

  async function statPath(path: string): Promise<BigIntStats> {
    const stats = await lstat(await resolveInside(path), { bigint: true });
    await checkAgain(path, stats);
    return stats;
  }

  return {
    async openFile(path) {
      const real = await resolveInside(join(root, path));
      // Does not follow a link, nor wait for the writer of a pipe, that has just replaced the file.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      const file = await open(real, flags);
      try {
        await checkAgain(join(root, path), await file.stat({ bigint: true }));
        return file;
      } catch (error) {
        await file.close();
        throw error;
      }
    },

    stat: (path) => statPath(join(root, path)),

    async inFolder(path, use) {
      const real = await resolveInside(join(root, path));
      const stats = await lstat(real, { bigint: true });
      const result = await use({
        stats,
        entries: () => readdir(real, { withFileTypes: true }),
        lstat: (name) => lstat(join(real, name), { bigint: true }),
        stat: (name) => statPath(join(real, name)),
        access: (name, mode) => access(join(real, name), mode),
      });
      await checkAgain(join(root, path), stats);
      return result;
    },
  };
}
