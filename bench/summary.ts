import type { Figures } from "./measure.ts";
import type { Workload } from "./workloads.ts";

const MIB = 1024 * 1024;

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

/** What a contestant's runs have come to. */
export interface Summary {
  readonly seconds: Spread;
  readonly mibPerSecond: Spread;
  /** Speed compared with the reference's in the same round: 0.5 took twice as long. */
  readonly speedRatio: Spread;
  readonly cpuMs: Spread;
  readonly idleMib: Spread;
  /** The most memory while the archive was sent, above idle. */
  readonly peakMib: Spread;
}

/** @param rounds what each contestant's run came to in each round */
export function summarize(
  rounds: readonly ReadonlyMap<string, Figures>[],
  name: string,
  reference: string,
): Summary | undefined {
  const runs = rounds.flatMap((round) => {
    const own = round.get(name);
    const other = round.get(reference);
    return own && other ? [{ ...own, speedRatio: other.seconds / own.seconds }] : [];
  });
  if (runs.length === 0) return undefined;
  type Run = (typeof runs)[number];
  const spread = (digits: number, value: (run: Run) => number) =>
    spreadOf(runs.map((run) => Number(value(run).toFixed(digits))));
  return {
    seconds: spread(3, (run) => run.seconds),
    mibPerSecond: spread(1, (run) => run.bytesPerSecond / MIB),
    speedRatio: spread(3, (run) => run.speedRatio),
    cpuMs: spread(0, (run) => run.cpuMs),
    idleMib: spread(1, (run) => run.idleBytes / MIB),
    peakMib: spread(1, (run) => run.peakBytes / MIB),
  };
}

/** Median, smallest and largest; of an even number the upper of the two in the middle. */
function spreadOf(values: readonly number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (index: number) => sorted[index] ?? Number.NaN;
  return { median: at(sorted.length >> 1), min: at(0), max: at(sorted.length - 1) };
}

/** A workload's summaries as text: the medians, and from least to most. */
export function renderTable(workload: Workload, summaries: ReadonlyMap<string, Summary>): string {
  const show = ({ median, min, max }: Spread, digits: number) =>
    `${median.toFixed(digits)} (${min.toFixed(digits)}-${max.toFixed(digits)})`;
  const header = ["", "seconds", "MiB/s", `speed, ${workload.reference} = 1`, "CPU ms", "peak MiB"];
  const rows = [...summaries].map(([name, s]) => [
    name,
    show(s.seconds, 2),
    show(s.mibPerSecond, 0),
    show(s.speedRatio, 2),
    show(s.cpuMs, 0),
    show(s.peakMib, 1),
  ]);
  const widths = header.map((title, i) =>
    Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)),
  );
  const lines = [header, ...rows].map((cells) =>
    cells
      .map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0)))
      .join("  "),
  );
  return [`${workload.name}: ${workload.title}`, ...lines].join("\n");
}
