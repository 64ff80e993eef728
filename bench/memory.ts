import { readFileSync, writeFileSync } from "node:fs";

/** Bytes of this process in memory. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/**
 * Makes `peakBytes` start anew, where the system can: on Linux the memory at its highest is kept for
 * a process from its parent's time on, and what its start took is not what a request takes.
 */
export function resetPeak(): void {
  if (process.platform === "linux") writeFileSync("/proc/self/clear_refs", "5");
}

/** The most bytes that this process had in memory at a time; the kernel's own figure, not sampled. */
export function peakBytes(): number {
  if (process.platform === "linux") {
    const kilobytes = /^VmHWM:\s*(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kilobytes !== undefined) return Number(kilobytes) * 1024;
  }
  return process.resourceUsage().maxRSS * 1024;
}
