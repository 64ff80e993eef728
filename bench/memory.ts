import { readFileSync, writeFileSync } from "node:fs";

/** Bytes of this process in memory. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/** The same of another process; Linux alone tells. */
export function residentBytesOf(pid: number): number {
  return statusBytes(pid, "VmRSS");
}

/** As `resetPeak`, of another process; Linux alone can. */
export function resetPeakOf(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** As `peakBytes`, of another process; Linux alone tells. */
export function peakBytesOf(pid: number): number {
  return statusBytes(pid, "VmHWM");
}

function statusBytes(pid: number | "self", field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status)?.[1];
  return Number(kilobytes ?? Number.NaN) * 1024;
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
    const bytes = statusBytes("self", "VmHWM");
    if (!Number.isNaN(bytes)) return bytes;
  }
  return process.resourceUsage().maxRSS * 1024;
}
