/**
 * `npm run bench`: Ziplink and its peers, each sending the same entries as a stored ZIP over HTTP.
 *
 * - `--runs N`: number of rounds of each part, with each contestant once per round; default 5.
 *   `--quick`: one round.
 * - `--only NAME`: measures only this part; repeatable.
 * - `--out FILE`: writes the figures of all measured parts to this file instead of
 *   `bench/results.json`.
 * - `--plot`: measures nothing, and draws the plot from `bench/results.json`, or from the file of
 *   `--out`.
 *
 * Node options that this is started with apply to the servers too, as does NODE_OPTIONS.
 *
 * A run of all parts without `--quick` writes `bench/results.json` and the plot,
 * `docs/images/throughput.svg`. A part that fails is named, and the figures of the others are kept.
 * The exit code is 1 if a claim is not met, or if a part, Ziplink or its reference fails.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { claims, judge, renderVerdicts, type Verdict } from "./claims.ts";
import { client } from "./download.ts";
import { describeMachine, type Machine } from "./machine.ts";
import { parts } from "./parts.ts";
import { drawThroughput } from "./plot.ts";
import { type Report, renderReport } from "./report.ts";

/** The contents of the JSON file. */
interface Results {
  readonly date: string;
  readonly machine: Machine;
  readonly nodeOptions: string;
  /** The program that downloads. */
  readonly client: string;
  readonly runs: number;
  /** The peers' versions. */
  readonly peers: Readonly<Record<string, string>>;
  readonly reports: readonly Report[];
  readonly claims: readonly Verdict[];
}

const PLOT = fileURLToPath(new URL("../docs/images/throughput.svg", import.meta.url));

const { values: flags } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    runs: { type: "string" },
    only: { type: "string", multiple: true },
    out: { type: "string" },
    plot: { type: "boolean", default: false },
  },
});
const runs = Number(flags.runs ?? (flags.quick ? 1 : 5));
if (!Number.isSafeInteger(runs) || runs < 1)
  throw new RangeError("--runs must be a whole number of at least 1");
const names = flags.only ?? [...parts.keys()];
const unknown = names.find((name) => !parts.has(name));
if (unknown !== undefined)
  throw new RangeError(`--only must be one of ${[...parts.keys()].join(", ")}`);
const resultsPath = flags.out ?? fileURLToPath(new URL("results.json", import.meta.url));

if (flags.plot) await draw(JSON.parse(await readFile(resultsPath, "utf8")) as Results);
else await measureAll();

async function measureAll(): Promise<void> {
  const interrupted = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => interrupted.abort(new Error(`ended by ${signal}`)));
  }
  const reports: Report[] = [];
  const failed: string[] = [];
  for (const [name, measure] of parts) {
    if (!names.includes(name)) continue;
    try {
      for await (const report of measure(runs, interrupted.signal)) {
        console.log(`\n${renderReport(report)}`);
        reports.push(report);
      }
    } catch (error) {
      if (!interrupted.signal.aborted) console.error(`${name} failed:`, error);
      failed.push(name);
    }
    if (interrupted.signal.aborted) {
      console.error(String(interrupted.signal.reason));
      process.exitCode = 130;
      return;
    }
  }
  const verdicts = judge(claims, reports);
  const asked = verdicts.filter(({ report }) => reports.some(({ name }) => name === report));
  if (asked.length > 0) console.log(`\n${renderVerdicts(asked)}`);
  if (failed.length > 0)
    console.error(`\nfailed, and missing from the figures: ${failed.join(", ")}`);
  if (failed.length > 0 || verdicts.some(({ met }) => met === false)) process.exitCode = 1;
  const isWhole = flags.only === undefined && !flags.quick;
  if (!isWhole && flags.out === undefined) return;
  const results = await describeRun(reports, verdicts);
  await writeFile(resultsPath, `${JSON.stringify(results, null, 1)}\n`);
  if (!isWhole) return;
  try {
    await draw(results);
  } catch (error) {
    // Lengths are missing if their part failed; the figures are written nevertheless.
    console.error(`the plot was not drawn: ${error}`);
    process.exitCode = 1;
  }
}

async function describeRun(
  reports: readonly Report[],
  verdicts: readonly Verdict[],
): Promise<Results> {
  const text = await readFile(new URL("package.json", import.meta.url), "utf8");
  const { dependencies } = JSON.parse(text) as { dependencies: Record<string, string> };
  return {
    date: new Date().toISOString(),
    machine: await describeMachine(),
    nodeOptions: [...process.execArgv, process.env.NODE_OPTIONS ?? ""].join(" ").trim(),
    client,
    runs,
    peers: dependencies,
    reports,
    claims: verdicts,
  };
}

async function draw({ reports, machine, peers, runs, date }: Results): Promise<void> {
  const { cpu, cores, memoryGib, system, node } = machine;
  const where = [`${cores} cores of ${cpu}`, `${memoryGib} GiB`, system, `Node ${node}`];
  const caption = `Medians of ${runs} runs. ${where.join(", ")}; ${date.slice(0, 10)}`;
  await writeFile(PLOT, drawThroughput(reports, peers, caption));
  console.error(`drew ${PLOT}`);
}
