import { readFileSync, writeFileSync } from "node:fs";

/** Returns the resident memory of this process. Bytes. */
export function residentBytes(): number {
  return process.memoryUsage.rss();
}

/** Returns the resident memory of another process. Linux only. */
export function residentBytesOf(pid: number): number {
  return statusBytes(pid, "VmRSS");
}

/** Does the same as `resetPeak` for another process. Linux only. */
export function resetPeakOf(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

/** Does the same as `peakBytes` for another process. Linux only. */
export function peakBytesOf(pid: number): number {
  return statusBytes(pid, "VmHWM");
}

function statusBytes(pid: number | "self", field: "VmRSS" | "VmHWM"): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kilobytes = new RegExp(`^${field}:\\s*(\\d+) kB$`, "m").exec(status)?.[1];
  return Number(kilobytes ?? Number.NaN) * 1024;
}

/**
 * Resets the peak that `peakBytes` returns, where the system can: the memory that a process needs
 * to start is not that of a request. (`maxRSS` cannot be reset, and on Linux even includes the
 * parent's.)
 */
export function resetPeak(): void {
  try {
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // Not Linux, or a sandbox: peaks are then too high rather than too low.
  }
}

/**
 * Returns the peak resident memory of this process, as counted by the kernel, not sampled. Bytes.
 */
export function peakBytes(): number {
  if (process.platform === "linux") {
    const bytes = statusBytes("self", "VmHWM");
    if (!Number.isNaN(bytes)) return bytes;
  }
  return process.resourceUsage().maxRSS * 1024;
}
