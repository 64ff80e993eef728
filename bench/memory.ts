import { readFileSync, writeFileSync } from "node:fs";

/** Bytes of this process in memory. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/**
 * Makes `peakBytes` start anew, where the system can: what the start of a process took is not what a
 * request takes. (`maxRSS` cannot start anew, and on Linux even counts what the parent had.)
 */
export function resetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Not Linux, or a sandbox: peaks are then too high rather than too low.
  }
}

/** The most bytes that this process had in memory at a time; the kernel's own figure, not sampled. */
export function peakBytes(): number {
  if (process.platform === "linux") {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
