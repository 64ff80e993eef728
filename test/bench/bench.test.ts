import { describe, expect, it } from "vitest";
import { type Claim, judge, renderVerdicts } from "../../bench/claims.ts";
import { drawThroughput } from "../../bench/plot.ts";
import { type Report, renderReport, reportOf, rowOf } from "../../bench/report.ts";

describe("a row of a report", () => {
  it("has the median and the range of its rounds, and their values in order", () => {
    expect(rowOf([{ seconds: 3 }, { seconds: 1 }, { seconds: 2 }])).toEqual({
      seconds: { median: 2, min: 1, max: 3, runs: [3, 1, 2] },
    });
  });

  it("has the mean of the middle two of an even number", () => {
    expect(rowOf([{ seconds: 4 }, { seconds: 1 }, { seconds: 2 }, { seconds: 9 }])).toMatchObject({
      seconds: { median: 3 },
    });
  });

  it("leaves out a failed round, but keeps its place", () => {
    expect(rowOf([{ seconds: 4 }, undefined, { seconds: 2 }])).toEqual({
      seconds: { median: 3, min: 2, max: 4, runs: [4, null, 2] },
    });
    expect(rowOf([undefined, undefined])).toBeUndefined();
  });
});

it("shows a report as a table of its measures, with the range if there are several rounds", () => {
  const report = reportOf("workload", "what it is", {
    one: [{ seconds: 0.5, peakMib: 12.34 }],
    other: [{ seconds: 123.4 }, { seconds: 1 }, { seconds: 2.001 }],
  });
  expect(renderReport(report)).toBe(
    [
      "workload: what it is",
      "               seconds  peak MiB",
      "one               0.50      12.3",
      "other  2.00 (1.00-123)",
    ].join("\n"),
  );
});

describe("a claim", () => {
  const report = reportOf("w", "", {
    ours: [
      { seconds: 1, peakMib: 10 },
      { seconds: 10, peakMib: 70 },
      { seconds: 2, peakMib: 20 },
    ],
    theirs: [{ seconds: 3 }, { seconds: 20 }, { seconds: 8 }],
  });
  const check = (claim: Partial<Claim>) => {
    const whole = { report: "w", row: "ours", measure: "seconds", ...claim } as const;
    const [verdict] = judge([whole], [report]);
    return { value: verdict?.value, met: verdict?.met };
  };

  it("applies to the median", () => {
    expect(check({ atMost: 2 })).toEqual({ value: 2, met: true });
    expect(check({ atMost: 1.9 })).toEqual({ value: 2, met: false });
    expect(check({ atLeast: 2.1 })).toEqual({ value: 2, met: false });
  });

  it("compares two rows round by round", () => {
    expect(check({ row: "theirs", per: "ours", atLeast: 3 })).toEqual({ value: 3, met: true });
  });

  it("about memory applies to the maximum", () => {
    expect(check({ measure: "peakMib", atMost: 64 })).toEqual({ value: 70, met: false });
  });

  it("has no verdict if it was not measured", () => {
    const open = { value: null, met: null };
    expect(check({ report: "another", atMost: 1 })).toEqual(open);
    expect(check({ row: "another", atMost: 1 })).toEqual(open);
    expect(check({ per: "another", atMost: 1 })).toEqual(open);
    expect(check({ measure: "startMs", atMost: 1 })).toEqual(open);
  });

  it("is printed with its source, its limit and its verdict", () => {
    const claims: Claim[] = [
      { report: "w", row: "theirs", measure: "seconds", per: "ours", atLeast: 2.5 },
      { report: "w", row: "ours", measure: "peakMib", atMost: 64 },
      { report: "v", row: "ours", measure: "peakMib", atMost: 64 },
    ];
    const lines = renderVerdicts(judge(claims, [report])).split("\n");
    expect(lines.slice(1).map((line) => line.split(/ {2,}/))).toEqual([
      ["w: theirs, seconds / ours", "at least 2.5", "3.00", "ok"],
      ["w: ours, peak MiB", "at most 64", "70.0", "NOT MET"],
      ["v: ours, peak MiB", "at most 64", "not measured"],
    ]);
  });
});

describe("the plot", () => {
  const size = (objectBytes: number, values: Readonly<Record<string, number>>): Report => {
    const rows = Object.entries(values).map(([row, value]) => [row, [{ mibPerSecond: value }]]);
    return { ...reportOf(`sizes ${objectBytes}`, "", Object.fromEntries(rows)), objectBytes };
  };
  const reports = [
    size(4096, { ziplink: 10, yazl: 1 }),
    size(65_536, { ziplink: 100, yazl: 10 }),
    size(1_048_576, { ziplink: 1000, yazl: 100, "s3-zip": 200 }),
  ];
  const svg = drawThroughput(reports, { yazl: "3.3.1" }, "cores & more");
  const heights = (row: string) => {
    const group = new RegExp(`<g class="${row}"><path class="line.*`).exec(svg)?.[0] ?? "";
    return [...group.matchAll(/cy="([\d.]+)"/g)].map(([, y]) => Number(y));
  };

  it("has a point for each value, and equal factors at equal distances", () => {
    const [a = 0, b = 0, c = 0] = heights("ziplink");
    expect(a - b).toBeGreaterThan(0);
    expect(b - c).toBeCloseTo(a - b, 0);
    expect(heights("yazl")).toEqual([expect.any(Number), a, b]);
    expect(heights("s3-zip")).toHaveLength(1);
    expect(heights("archiver")).toHaveLength(0);
  });

  it("labels the lines, with the versions of the peers, and the sizes", () => {
    for (const text of ["Ziplink", "yazl 3", "4 KiB", "64 KiB", "1 MiB"]) {
      expect(svg).toContain(`>${text}</text>`);
    }
    expect(svg).not.toContain("archiver</text>");
    expect(svg).toContain("cores &amp; more");
  });

  it("keeps the labels apart", () => {
    const all = [...svg.matchAll(/class="name[^>]* y="([\d.]+)"/g)].map(([, y]) => Number(y));
    expect(all).toHaveLength(3);
    const sorted = all.sort((a, b) => a - b);
    for (const [i, y] of sorted.entries()) {
      if (i > 0) expect(y - (sorted[i - 1] ?? 0)).toBeGreaterThanOrEqual(16.9);
    }
  });

  it("needs at least two sizes", () => {
    expect(() => drawThroughput(reports.slice(0, 1), {}, "")).toThrow(RangeError);
  });
});
