import { readdir, readlink } from "node:fs/promises";

/**
 * Returns how many files below `folder` a process, by default this one, holds open. Reads /proc, so
 * Linux only; elsewhere returns 0.
 */
export async function openFilesBelow(
  folder: string,
  pid: number | "self" = "self",
): Promise<number> {
  if (process.platform !== "linux") return 0;
  const descriptors = await readdir(`/proc/${pid}/fd`);
  const targets = await Promise.all(
    // A descriptor may be closed between the two calls, and then is not open.
    descriptors.map((fd) => readlink(`/proc/${pid}/fd/${fd}`).catch(() => "")),
  );
  return targets.filter((target) => target.startsWith(`${folder}/`)).length;
}
