import { measureColdStarts } from "./cold-start.ts";
import { runContest } from "./contest.ts";
import { measureCrowds } from "./crowd.ts";
import { measureDeliveries } from "./deliveries.ts";
import { measureLambda } from "./lambda.ts";
import { measurePage } from "./page.ts";
import type { Report } from "./report.ts";
import { measureResume } from "./resume.ts";
import { workloads } from "./workloads.ts";

/** Measures a part of the benchmark in `runs` rounds. Yields each report when it is complete. */
export type Part = (runs: number, signal: AbortSignal) => AsyncIterable<Report>;

/** All parts of the benchmark, in order. Those after the contests measure Ziplink alone. */
export const parts: ReadonlyMap<string, Part> = new Map<string, Part>([
  ...Object.entries(workloads).map(([name, prepare]) => [name, contestsOf(prepare)] as const),
  ["resume", measureResume],
  ["deliveries", measureDeliveries],
  ["crowd", measureCrowds],
  ["cold-start", measureColdStarts],
  ["lambda", measureLambda],
  ["page", measurePage],
]);

function contestsOf(prepare: (typeof workloads)[keyof typeof workloads]): Part {
  return async function* (runs, signal) {
    for await (const workload of prepare(signal)) yield await runContest(workload, runs, signal);
  };
}
