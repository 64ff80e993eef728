import { readdir, readlink } from "node:fs/promises";

/**
 * How many files below `folder` a process holds open; by default this one. Linux only: it asks
 * /proc, and elsewhere says 0.
 */
export async function openFilesBelow(
  folder: string,
  pid: number | "self" = "self",
): Promise<number> {
  if (process.platform !== "linux") return 0;
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(
    // A descriptor may be closed between the two calls: then it is not open.
    descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")),
  );
  return targets.filter((target) => target.startsWith(`${folder}/`)).length;
}
