import type { ContestantName } from "./contestants/index.ts";
import { type InputSpec, payloadBytes } from "./input.ts";
import { type Figures, measure } from "./measure.ts";
import { type Report, type Row, rowOf, type Values } from "./report.ts";

const MIB = 1024 * 1024;

/** An archive, and the contestants that send it. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly timeoutMs: number;
  /** The row that the other rows are compared with. */
  readonly reference: string;
  /** The length of each object, for workloads that differ only in it. */
  readonly objectBytes?: number;
  readonly rows: readonly Entrant[];
}

/** A contestant, and its name in the report. */
export interface Entrant {
  readonly name: string;
  readonly contestant: ContestantName;
  readonly warmUp: InputSpec;
  readonly input: InputSpec;
}

/**
 * Runs every contestant once in each round, so that other load on the machine affects all alike. A
 * peer's failure is a result; if Ziplink or the reference fails, the exit code is 1.
 */
export async function runContest(
  workload: Workload,
  runs: number,
  signal: AbortSignal,
): Promise<Report> {
  const { name, title, timeoutMs, reference, rows: entrants } = workload;
  const rounds: Map<string, Figures>[] = [];
  const failures: string[] = [];
  for (let round = 1; round <= runs; round++) {
    const figures = new Map<string, Figures>();
    rounds.push(figures);
    for (const { name: row, contestant, warmUp, input } of entrants) {
      const label = `${name} ${round}/${runs} ${row}`;
      console.error(label);
      try {
        figures.set(row, await measure({ contestant, warmUp, input }, timeoutMs, signal));
      } catch (error) {
        signal.throwIfAborted();
        console.error(error);
        console.log(`${label} FAILED: ${String(error)}`);
        failures.push(`round ${round}, ${row}: ${String(error)}`);
        if (contestant === "ziplink" || row === reference) process.exitCode = 1;
      }
    }
  }
  const rows: Record<string, Row> = {};
  for (const { name: row, input } of entrants) {
    const measured = rowOf(
      rounds.map((round) => valuesOf(round.get(row), round.get(reference), input)),
    );
    if (measured) rows[row] = measured;
  }
  return {
    name,
    title,
    reference,
    ...(workload.objectBytes === undefined ? {} : { objectBytes: workload.objectBytes }),
    rows,
    ...(failures.length > 0 ? { failures } : {}),
  };
}

function valuesOf(
  own: Figures | undefined,
  other: Figures | undefined,
  input: InputSpec,
): Values | undefined {
  if (!own) return undefined;
  const bytes = payloadBytes(input);
  return {
    seconds: own.seconds,
    mibPerSecond: bytes / MIB / own.seconds,
    ...(other ? { speedRatio: other.seconds / own.seconds } : {}),
    cpuSecondsPerGb: own.cpuMs / 1e3 / (bytes / 1e9),
    firstByteMs: own.firstByteMs,
    idleMib: own.idleBytes / MIB,
    peakMib: own.peakBytes / MIB,
  };
}
