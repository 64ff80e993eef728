import {
  type BigIntStats,
  closeSync,
  constants,
  fstat,
  open,
  openSync,
  readlinkSync,
} from "node:fs";
import { access, lstat, open as openHandle, readdir, realpath } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { storeError } from "../../core/source/store-errors.ts";
import { isInside } from "./paths.ts";
import type { ServedRoot } from "./served-root.ts";

/**
 * Opens a path without opening the file there (open(2)): no device is woken, no pipe waited for, and no
 * permission to read it is needed. Node has no name for this flag, whose value is the same on all Linux
 * systems that Node supports.
 */
const O_PATH = 0o10000000;

/** Appended by the system to the path of a descriptor whose file has been deleted. */
const DELETED = " (deleted)";

const openDescriptor = promisify(open);
const describe = (fd: number) =>
  new Promise<BigIntStats>((resolve, reject) => {
    fstat(fd, { bigint: true }, (error, stats) => (error ? reject(error) : resolve(stats)));
  });

/**
 * Returns a served folder on Linux. Each path is opened first, following its links, and then the system is
 * asked where the descriptor is (proc_pid_fd(5)). So the thing that was checked is the thing that is used,
 * wherever the path leads by then.
 */
export function rootByDescriptors(root: string): ServedRoot {
  let realRoot: string | undefined;

  /** Returns the path of what `fd` has open; rejects unless it is in the root. */
  async function locate(fd: number): Promise<string> {
    // The system answers from memory, so another thread would only add to the time.
    const path = readlinkSync(ownDescriptor(fd));
    if (realRoot !== undefined && isInside(path, realRoot)) return path;
    // Resolve the root again before refusing anything: it may be a link that has changed.
    realRoot = await realpath(root);
    if (isInside(path, realRoot)) return path;
    throw storeError("link_leads_out");
  }

  /** Calls `use` with a descriptor of what is at `path`. It cannot be read from, but opened again. */
  async function withDescriptor<T>(
    path: string,
    flags: number,
    use: (fd: number, location: string) => Promise<T>,
  ): Promise<T> {
    const fd = await openDescriptor(path, O_PATH | flags);
    try {
      return await use(fd, await locate(fd));
    } finally {
      closeSync(fd);
    }
  }

  const statPath = (path: string) =>
    withDescriptor(path, 0, async (fd, location) => {
      const stats = await describe(fd);
      // A file may have such a name, too; one that has been deleted is in no folder any more.
      if (stats.nlink === 0n && location.endsWith(DELETED)) throw storeError("changed");
      return stats;
    });

  return {
    openFile: (path) =>
      withDescriptor(join(root, path), 0, (fd) =>
        openHandle(ownDescriptor(fd), constants.O_RDONLY | constants.O_NONBLOCK),
      ),

    stat: (path) => statPath(join(root, path)),

    inFolder: (path, use) =>
      withDescriptor(join(root, path), constants.O_DIRECTORY, async (fd) => {
        const folder = ownDescriptor(fd);
        return await use({
          stats: await describe(fd),
          entries: () => readdir(folder, { withFileTypes: true }),
          lstat: (name) => lstat(join(folder, name), { bigint: true }),
          stat: (name) => statPath(join(folder, name)),
          access: (name, mode) => access(join(folder, name), mode),
        });
      }),
  };
}

/** Whether the system tells where a descriptor is, and opens it again: some containers have no /proc. */
export function knowsDescriptors(): boolean {
  if (process.platform !== "linux") return false;
  try {
    const fd = openSync("/", O_PATH);
    try {
      closeSync(openSync(ownDescriptor(fd), "r"));
      return readlinkSync(ownDescriptor(fd)) === "/";
    } finally {
      closeSync(fd);
    }
  } catch {
    return false; // for whatever reason: the other way works everywhere
  }
}

/** Returns the path that leads to whatever a descriptor of this process has open. */
function ownDescriptor(fd: number): string {
  return `/proc/self/fd/${fd}`;
}
