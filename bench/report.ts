/** The measures of a round, in the order of a table's columns, with their headings. */
export const measures = {
  seconds: "seconds",
  mibPerSecond: "MiB/s",
  /** Compared with the reference in the same round: 0.5 took twice as long. */
  speedRatio: "speed",
  /** User and system time for each 1e9 bytes of the entries. */
  cpuSecondsPerGb: "CPU s/GB",
  /** From the request to the first byte of the body. */
  firstByteMs: "first byte ms",
  idleMib: "idle MiB",
  /** The peak memory during the run, above idle. */
  peakMib: "peak MiB",
  bundleMb: "bundle MB",
  /** From process start to the first byte of the answer. */
  startMs: "start ms",
  /** The start as a multiple of the "hello world" and the storage client's import together. */
  startRatio: "start, both = 1",
  paintedMs: "painted ms",
  interactiveMs: "interactive ms",
} as const;
export type Measure = keyof typeof measures;

/** The values of one measure in all rounds. */
export interface Series {
  readonly median: number;
  readonly min: number;
  readonly max: number;
  /** One value per round; null for a round that failed. All rows of a report share their rounds. */
  readonly runs: readonly (number | null)[];
}

export type Row = Readonly<Partial<Record<Measure, Series>>>;

/** The result of a workload: printed as a table, and stored in the JSON file as it is. */
export interface Report {
  readonly name: string;
  readonly title: string;
  /** The row whose speed is 1. */
  readonly reference?: string;
  /** The length of each object, for reports that differ only in it: the x-axis of the plot. */
  readonly objectBytes?: number;
  readonly rows: Readonly<Record<string, Row>>;
  /** The rounds that failed, and why. */
  readonly failures?: readonly string[];
}

/** The values of one row in one round. */
export type Values = Readonly<Partial<Record<Measure, number>>>;

/**
 * Returns the row of the values of its rounds, `undefined` for a round that failed. Rounds each
 * value to four digits. Returns `undefined` if every round failed.
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

/** Returns a report of `rows`, each of which is a list of its rounds' values. */
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

/**
 * Returns median, minimum and maximum. For an even number of values, the median is the mean of the
 * middle two.
 */
export function seriesOf(runs: readonly (number | null)[]): Series | undefined {
  const sorted = runs.filter((value) => value !== null).sort((a, b) => a - b);
  const [min, max] = [sorted[0], sorted.at(-1)];
  const [lower, upper] = [sorted[(sorted.length - 1) >> 1], sorted[sorted.length >> 1]];
  if (min === undefined || max === undefined) return undefined;
  if (lower === undefined || upper === undefined) return undefined;
  return { median: Number(((lower + upper) / 2).toPrecision(4)), min, max, runs };
}

/** Returns a report as text: the medians, with the range in parentheses. */
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

/** Formats a number with a sensible number of decimals. */
export function showNumber(value: number): string {
  return value.toFixed(value >= 100 ? 0 : value >= 10 ? 1 : 2);
}

/** Aligns cells in columns, the first to the left and the others to the right. */
export function renderTable(lines: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const cells of lines) {
    for (const [i, cell] of cells.entries()) widths[i] = Math.max(widths[i] ?? 0, cell.length);
  }
  const pad = (cell: string, i: number) =>
    i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0);
  return lines.map((cells) => cells.map(pad).join("  ").trimEnd()).join("\n");
}
