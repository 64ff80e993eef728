/** Usage of a process: seconds of the processor, and MiB of memory at most. */
export interface Usage {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMib: number;
}

/** Prints what this process has taken, as the last line. */
export function printUsage(started: number): void {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  const usage: Usage = {
    seconds: (performance.now() - started) / 1000,
    cpuSeconds: (userCPUTime + systemCPUTime) / 1e6,
    peakMib: maxRSS / 1024,
  };
  console.log(JSON.stringify({ usage }));
}
