import { measureColdStarts } from "./cold-start.ts";
import { runContest } from "./contest.ts";
import { measureCrowds } from "./crowd.ts";
import { measureLambda } from "./lambda.ts";
import { measurePage } from "./page.ts";
import type { Report } from "./report.ts";
import { measureResume } from "./resume.ts";
import { workloads } from "./workloads.ts";

/** Measures a part of the benchmark in so many rounds; gives its reports as they are done. */
export type Part = (runs: number, signal: AbortSignal) => AsyncIterable<Report>;

/** All that the benchmark measures, in its order. Those after the contests are of Ziplink alone. */
export const parts: ReadonlyMap<string, Part> = new Map<string, Part>([
  ...Object.entries(workloads).map(([name, prepare]) => [name, contestsOf(prepare)] as const),
  ["resume", measureResume],
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
