import type { ContestantName } from "./contestants/index.ts";
import type { InputSpec } from "./input.ts";
import type { SampleFiles } from "./sample-files.ts";

const MIB = 1024 * 1024;

/** One archive, and who is to send it. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly timeoutMs: number;
  /** The row that the others are compared with. */
  readonly reference: string;
  readonly rows: readonly Row[];
}

export interface Row {
  readonly name: string;
  readonly contestant: ContestantName;
  readonly warmUp: InputSpec;
  readonly input: InputSpec;
  /** What Ziplink promises: the most memory above idle, in bytes. */
  readonly maxPeakBytes?: number;
}

export const workloadNames = ["files", "memory-10g", "entries-100k"] as const;
export type WorkloadName = (typeof workloadNames)[number];

/** @param sampleFiles makes the files of the workload that needs them */
export async function createWorkload(
  name: WorkloadName,
  sampleFiles: () => Promise<SampleFiles>,
): Promise<Workload> {
  switch (name) {
    case "files":
      return files(name, await sampleFiles());
    case "memory-10g":
      return memory(name);
    case "entries-100k":
      return entries(name);
  }
}

function files(name: string, { archive, warmUp }: SampleFiles): Workload {
  const row = (contestant: ContestantName, label: string = contestant, statesCrc32 = false) => ({
    name: label,
    contestant,
    warmUp: { kind: "files", ...warmUp, statesCrc32 } as const,
    input: { kind: "files", ...archive, statesCrc32 } as const,
  });
  return {
    name,
    title: "16 files of 64 MiB from disk",
    timeoutMs: 120_000,
    reference: "pass-through",
    rows: [
      row("pass-through"),
      row("ziplink"),
      row("ziplink", "ziplink (crc known)", true),
      row("zip-stream"),
      row("archiver"),
      row("client-zip"),
      row("yazl"),
    ],
  };
}

function memory(name: string): Workload {
  return {
    name,
    title: "160 objects of 64 MiB, 10 GiB, from memory",
    timeoutMs: 300_000,
    reference: "ziplink",
    rows: [
      {
        name: "ziplink",
        contestant: "ziplink",
        warmUp: { kind: "synthetic", entries: 1, entryBytes: 2 * MIB },
        input: { kind: "synthetic", entries: 160, entryBytes: 64 * MIB },
        maxPeakBytes: 64 * MIB,
      },
    ],
  };
}

function entries(name: string): Workload {
  const row = (contestant: ContestantName) =>
    ({
      name: contestant,
      contestant,
      warmUp: { kind: "synthetic", entries: 10, entryBytes: 1024 },
      input: { kind: "synthetic", entries: 100_000, entryBytes: 1024 },
    }) as const;
  return {
    name,
    title: "100,000 objects of 1 KiB from memory",
    timeoutMs: 120_000,
    reference: "ziplink",
    rows: [{ ...row("ziplink"), maxPeakBytes: 200e6 }, row("zip-stream"), row("archiver")],
  };
}
