import { MAX_BUNDLE_BYTES } from "../scripts/build/bundle.ts";
import {
  type Measure,
  measures,
  type Report,
  renderTable,
  seriesOf,
  showNumber,
} from "./report.ts";

/** A promise of Ziplink, and the figures that show it. */
export interface Claim {
  /** The name of the report, and of the row in it. */
  readonly report: string;
  readonly row: string;
  readonly measure: Measure;
  /**
   * Another row of the report. The claim is then about the ratio to that row's measure in the same
   * round.
   */
  readonly per?: string;
  /** The limit: exactly one of the two. It applies to the median; for memory, to the maximum. */
  readonly atLeast?: number;
  readonly atMost?: number;
}

/** A claim, compared with the figures of a run. */
export interface Verdict extends Claim {
  /** Null if this run has not measured it. */
  readonly value: number | null;
  readonly met: boolean | null;
}

const speed = { row: "ziplink", measure: "mibPerSecond" } as const;
const memory = { row: "ziplink", measure: "peakMib" } as const;

export const claims: readonly Claim[] = [
  { report: "files", ...speed, per: "zip-stream", atLeast: 2 },
  {
    report: "files",
    row: "ziplink (crc known)",
    measure: "mibPerSecond",
    per: "cat",
    atLeast: 0.9,
  },
  { report: "memory-10g", ...memory, atMost: 64 },
  {
    report: "deliveries",
    row: "ziplink",
    measure: "cpuSecondsPerGb",
    per: "lib-storage",
    atMost: 1.2,
  },
  { report: "deliveries", ...memory, atMost: 320 },
  { report: "deliveries", row: "ziplink (8 MiB parts)", measure: "peakMib", atMost: 210 },
  { report: "entries-100k", ...speed, per: "zip-stream", atLeast: 2 },
  { report: "entries-100k", ...memory, per: "zip-stream", atMost: 0.5 },
  { report: "entries-100k", ...memory, atMost: 190 },
  { report: "small-objects", ...speed, per: "archiver", atLeast: 25 },
  { report: "small-objects", ...speed, per: "zip-stream", atLeast: 20 },
  { report: "small-objects", ...memory, atMost: 64 },
  { report: "large-object", ...speed, per: "pass-through", atLeast: 3 },
  { report: "large-object", ...memory, atMost: 64 },
  { report: "objects", row: "ziplink", measure: "seconds", per: "pass-through", atMost: 1.15 },
  {
    report: "objects",
    row: "ziplink",
    measure: "cpuSecondsPerGb",
    per: "pass-through",
    atMost: 1.25,
  },
  { report: "objects", ...speed, per: "zip-stream", atLeast: 1.6 },
  { report: "objects", ...speed, per: "archiver", atLeast: 1.6 },
  { report: "objects", ...speed, per: "client-zip", atLeast: 2.5 },
  { report: "objects", ...speed, per: "yazl", atLeast: 2.5 },
  { report: "objects", ...memory, atMost: 64 },
  {
    report: "resume",
    row: "from 90% on",
    measure: "firstByteMs",
    per: "from the beginning",
    atMost: 2,
  },
  { report: "crowd", row: "1 fast, 0 slow", measure: "peakMib", atMost: 64 },
  { report: "crowd", row: "8 fast, 8 slow", measure: "peakMib", atMost: 150 },
  ...(["aws: ziplink", "gcp: ziplink"] as const).flatMap((row) => [
    { report: "cold-start", row, measure: "startRatio", atMost: 1.5 } as const,
    { report: "cold-start", row, measure: "bundleMb", atMost: MAX_BUNDLE_BYTES / 1e6 } as const,
  ]),
  { report: "lambda", row: "fast reader", measure: "peakMib", atMost: 96 },
  { report: "lambda", row: "slow reader", measure: "peakMib", atMost: 96 },
  { report: "page", row: "one folder", measure: "interactiveMs", atMost: 1000 },
  { report: "page", row: "100 folders", measure: "interactiveMs", atMost: 1000 },
];

/** Compares every claim with the reports of a run. */
export function judge(all: readonly Claim[], reports: readonly Report[]): Verdict[] {
  return all.map((claim) => {
    const value = valueIn(claim, reports);
    const { atLeast = Number.NEGATIVE_INFINITY, atMost = Number.POSITIVE_INFINITY } = claim;
    const met = value === null ? null : value >= atLeast && value <= atMost;
    return { ...claim, value, met };
  });
}

function valueIn({ report, row, measure, per }: Claim, reports: readonly Report[]): number | null {
  const rows = reports.find(({ name }) => name === report)?.rows;
  const own = rows?.[row]?.[measure];
  if (!own) return null;
  const divisors = per === undefined ? undefined : rows?.[per]?.[measure]?.runs;
  const values = own.runs.map((value, round) => {
    if (per === undefined || value === null) return value;
    const divisor = divisors?.[round];
    return divisor ? value / divisor : null;
  });
  const series = seriesOf(values);
  if (!series) return null;
  return Number((measure === "peakMib" ? series.max : series.median).toPrecision(4));
}

/** Returns the verdicts as a table. */
export function renderVerdicts(verdicts: readonly Verdict[]): string {
  const lines = verdicts.map(({ report, row, measure, per, atLeast, atMost, value, met }) => [
    `${report}: ${row}, ${measures[measure]}${per === undefined ? "" : ` / ${per}`}`,
    atLeast === undefined ? `at most ${atMost}` : `at least ${atLeast}`,
    value === null ? "" : showNumber(value),
    met === null ? "not measured" : met ? "ok" : "NOT MET",
  ]);
  return renderTable([["claims", "", "", ""], ...lines]);
}
