/** What a round can measure, in the order of a table's columns, each with its heading. */
export const measures = {
  seconds: "seconds",
  mibPerSecond: "MiB/s",
  /** Compared with the reference's in the same round: 0.5 took twice as long. */
  speedRatio: "speed",
  /** User's and system's, for each 1e9 bytes of the entries. */
  cpuSecondsPerGb: "CPU s/GB",
  /** From the request to the first byte of the body. */
  firstByteMs: "first byte ms",
  idleMib: "idle MiB",
  /** The most memory while it worked, above idle. */
  peakMib: "peak MiB",
  bundleMb: "bundle MB",
  /** From the start of a process to the first byte of its answer. */
  startMs: "start ms",
  /** The same as a multiple of the greeting's and the storage client's together. */
  startRatio: "start, both = 1",
  paintedMs: "painted ms",
  interactiveMs: "interactive ms",
} as const;
export type Measure = keyof typeof measures;

/** One measure's values in all rounds. */
export interface Series {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** One for each round; null where the round failed. Rows of one report share their rounds. */
  readonly runs: readonly (number | null)[];
}

export type Row = Readonly<Partial<Record<Measure, Series>>>;

/** What a workload has come to: a table, and a part of the JSON file as it is. */
export interface Report {
  readonly name: string;
  readonly title: string;
  /** The row whose speed is 1. */
  readonly reference?: string;
  /** Length of each object, in reports that differ in nothing else: the plot is drawn over it. */
  readonly objectBytes?: number;
  readonly rows: Readonly<Record<string, Row>>;
  /** Rounds that came to nothing: which, and why. */
  readonly failures?: readonly string[];
}

/** The values of one row in one round. */
export type Values = Readonly<Partial<Record<Measure, number>>>;

/**
 * A row of what each of its rounds has come to, undefined for one that failed. Kept are four digits of each
 * value. Undefined if no round has come to anything.
 */
export function rowOf(rounds: readonly (Values | undefined)[]): Row | undefined {
  const row: Partial<Record<Measure, Series>> = {};
  for (const measure of Object.keys(measures) as Measure[]) {
    const runs = rounds.map((values) => {
      const value = values?.[measure];
      return value === undefined ? null : Number(value.toPrecision(4));
    });
    const series = seriesOf(runs);
    if (series) row[measure] = series;
  }
  return Object.keys(row).length > 0 ? row : undefined;
}

/** A report of `rows`, each a list of what its rounds have come to. */
export function reportOf(
  name: string,
  title: string,
  rows: Readonly<Record<string, readonly Values[]>>,
): Report {
  const measured = Object.entries(rows).flatMap(([row, rounds]) => {
    const series = rowOf(rounds);
    return series ? [[row, series] as const] : [];
  });
  return { name, title, rows: Object.fromEntries(measured) };
}

/** Median, smallest and largest; of an even number of values the median is the mean of the two in the middle. */
export function seriesOf(runs: readonly (number | null)[]): Series | undefined {
  const sorted = runs.filter((value) => value !== null).sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const [lower, upper] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (min === undefined || max === undefined) return undefined;
  if (lower === undefined || upper === undefined) return undefined;
  return { median: Number(((lower + upper) / 2).toPrecision(4)), min, max, runs };
}

/** A report as text: the medians, and in brackets from least to most. */
export function renderReport({ name, title, reference, rows }: Report): string {
  const all = Object.entries(rows);
  const shown = (Object.keys(measures) as Measure[]).filter((measure) =>
    all.some(([, row]) => row[measure] !== undefined),
  );
  const header = shown.map((measure) =>
    measure === "speedRatio" ? `${measures[measure]}, ${reference} = 1` : measures[measure],
  );
  const body = all.map(([row, series]) => [row, ...shown.map((measure) => show(series[measure]))]);
  return `${name}: ${title}\n${renderTable([["", ...header], ...body])}`;
}

function show(series: Series | undefined): string {
  if (!series) return "";
  const { median, min, max } = series;
  const spread = `${showNumber(min)}-${showNumber(max)}`;
  return series.runs.length === 1 ? showNumber(median) : `${showNumber(median)} (${spread})`;
}

/** With as many decimals as tell something. */
export function showNumber(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** Lines of cells in columns, the first to the left and the others to the right. */
export function renderTable(lines: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const cells of lines) {
    for (const [i, cell] of cells.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  const pad = (cell: string, i: number) =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  return lines.map((cells) => cells.map(pad).join("  ").trimEnd()).join("\n");
}
