import { readFileSync, writeFileSync } from "node:fs";

/** Bytes of this process in memory. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/** Linux's own figures for a process, in bytes: what it has in memory, and the most it ever had. */
export function memoryOf(pid: number): { readonly resident: number; readonly peak: number } {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const bytesOf = (field: string) =>
    Number(new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status)?.[1]) * 1024;
  return { resident: bytesOf("VmRSS"), peak: bytesOf("VmHWM") };
}

/**
 * Makes the peak of a process start anew, where the system can: what the start of a process took is not what a
 * request takes. (`maxRSS` cannot start anew, and on Linux even counts what the parent had.)
 */
export function resetPeak(pid: number | "self" = "self"): void {
  try {
    writeFileSync(`/proc/${pid}/clear_refs`, "5");
  } catch {
    // Not Linux, or a sandbox: peaks are then too high rather than too low.
  }
}

/** The most bytes that this process had in memory at a time; the kernel's own figure, not sampled. */
export function peakBytes(): number {
  if (process.platform === "linux") return memoryOf(process.pid).peak;
  return process.resourceUsage().maxRSS * 1024;
}
