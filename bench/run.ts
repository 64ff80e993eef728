/**
 * `npm run bench`: Ziplink and its peers, each sending the same entries as a stored ZIP over HTTP.
 *
 * - `--runs N`: runs of each contestant, in turns; default 5. `--quick`: one.
 * - `--only NAME`: this workload alone; may be repeated.
 *
 * Options of Node that this is started with apply to the servers too, as NODE_OPTIONS does.
 *
 * A run of all workloads, if not quick, writes its figures to `bench/results.json`. The exit code is
 * 1 if a contestant failed or Ziplink took more than it may, of memory or of time to start.
 */
import { readFile, writeFile } from "node:fs/promises";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { hasRuntimeClient } from "../test/support/lambda/lambda-service.ts";
import { describeColdStart, measureColdStarts } from "./cold-start.ts";
import { reportCrowds } from "./crowd.ts";
import { client } from "./download.ts";
import { describeLambda, measureLambda } from "./lambda.ts";
import { type Figures, measure } from "./measure.ts";
import { measurePage } from "./page.ts";
import { measureResume } from "./resume.ts";
import { createSampleFiles } from "./sample-files.ts";
import { startStore } from "./store.ts";
import { median, renderTable, type Summary, summarize } from "./summary.ts";
import { createWorkload, type Workload, type WorkloadName, workloadNames } from "./workloads.ts";

/** Workloads that are Ziplink's alone, each with a report of its own. */
const OTHERS = ["resume", "crowd", "cold-start", "lambda", "page"];

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runs: { type: "string" },
    only: { type: "string", multiple: true, default: [...workloadNames, ...OTHERS] },
  },
});
const runs = Number(flags.runs ?? (flags.quick ? 1 : 5));
if (!Number.isSafeInteger(runs) || runs < 1) throw new RangeError("--runs takes a count");
const names = flags.only.filter((name) => !OTHERS.includes(name)).map(toWorkloadName);

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
}

await using cleanUp = new AsyncDisposableStack();
const results: Record<string, Record<string, Summary>> = {};
try {
  for (const name of names) {
    const workload = await createWorkload(
      name,
      async () => {
        console.error("making 1 GiB of files");
        return cleanUp.use(await createSampleFiles(interrupted.signal));
      },
      async (spec) => cleanUp.use(await startStore(spec)).endpoint,
    );
    const summaries = await run(workload);
    console.log(`\n${renderTable(workload, summaries)}`);
    assertPeaks(workload, summaries);
    results[name] = Object.fromEntries(summaries);
  }
  if (flags.only.includes("resume")) {
    const { fresh, resumed } = await measureResume(Math.max(runs, 3));
    const [one, other] = [median(fresh), median(resumed)];
    console.log(
      `\nresume: first byte of a 10 GiB archive of a folder, a service just started, median of ${fresh.length}\n` +
        `from the beginning  ${one.toFixed(1)} ms\nfrom 90% on         ${other.toFixed(1)} ms, ` +
        `${(other / one).toFixed(2)} times as long`,
    );
  }
  if (flags.only.includes("crowd") && !(await reportCrowds(runs))) process.exitCode = 1;
  if (flags.only.includes("cold-start")) {
    for (const start of await measureColdStarts(Math.max(runs, 3)))
      report(describeColdStart(start));
  }
  if (flags.only.includes("lambda")) {
    if (hasRuntimeClient()) report(describeLambda(await measureLambda()));
    else console.error("lambda: no aws-lambda-ric in test/lambda; `npm test` installs it");
  }
  if (flags.only.includes("page")) {
    for (const [shape, { painted, interactive }] of Object.entries(await measurePage(runs))) {
      console.log(
        `\npage: 10,000 files in ${shape}, in Chromium, median of ${painted.length}\n` +
          `painted      ${median(painted).toFixed(0)} ms\ninteractive  ${median(interactive).toFixed(0)} ms`,
      );
    }
  }
  if (!flags.quick && workloadNames.every((name) => names.includes(name))) await save();
} catch (error) {
  if (!interrupted.signal.aborted) throw error;
  console.error(String(interrupted.signal.reason));
  process.exitCode = 130;
}

/** Every contestant once in each round, so that what else the machine does strikes all alike. */
async function run({ name, timeoutMs, reference, rows }: Workload): Promise<Map<string, Summary>> {
  const rounds: Map<string, Figures>[] = [];
  for (let round = 1; round <= runs; round++) {
    const figures = new Map<string, Figures>();
    rounds.push(figures);
    for (const { name: row, contestant, warmUp, input } of rows) {
      console.error(`${name} ${round}/${runs} ${row}`);
      try {
        const task = { contestant, warmUp, input };
        figures.set(row, await measure(task, timeoutMs, interrupted.signal));
      } catch (error) {
        interrupted.signal.throwIfAborted();
        console.error(error);
        console.log(`${name} ${round}/${runs} ${row} FAILED: ${String(error)}`);
        // A peer's failure is a finding; a row that is needed for the ratios must be there.
        if (contestant === "ziplink" || row === reference) process.exitCode = 1;
      }
    }
  }
  const summaries = new Map<string, Summary>();
  for (const row of rows) {
    const summary = summarize(rounds, row.name, reference);
    if (summary) summaries.set(row.name, summary);
  }
  return summaries;
}

function assertPeaks({ rows }: Workload, summaries: ReadonlyMap<string, Summary>): void {
  for (const { name, maxPeakBytes } of rows) {
    const peakMib = summaries.get(name)?.peakMib.max ?? 0;
    if (maxPeakBytes === undefined) continue;
    const limitMib = maxPeakBytes / 2 ** 20;
    const holds = peakMib <= limitMib;
    console.log(`${name}: ${holds ? "within" : "OVER"} its limit of ${limitMib.toFixed(0)} MiB`);
    if (!holds) process.exitCode = 1;
  }
}

async function save(): Promise<void> {
  const { dependencies } = JSON.parse(
    await readFile(new URL("package.json", import.meta.url), "utf8"),
  ) as { dependencies: Record<string, string> };
  const report = {
    date: new Date().toISOString(),
    node: process.version,
    nodeOptions: [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ").trim(),
    platform: `${process.platform} ${process.arch}`,
    cpu: { model: cpus()[0]?.model ?? "unknown", count: cpus().length },
    client,
    runs,
    peers: dependencies,
    workloads: results,
  };
  const path = new URL("results.json", import.meta.url);
  await writeFile(path, `${JSON.stringify(report, null, 2)}\n`);
}

/** Prints what a workload has come to; the exit code is 1 if it is over its limit. */
function report({ text, holds }: { readonly text: string; readonly holds: boolean }): void {
  console.log(`\n${text}\n${holds ? "within its limit" : "OVER its limit"}`);
  if (!holds) process.exitCode = 1;
}

function toWorkloadName(name: string): WorkloadName {
  const known = workloadNames.find((each) => each === name);
  if (known === undefined)
    throw new RangeError(`--only takes one of ${[...workloadNames, ...OTHERS].join(", ")}`);
  return known;
}
