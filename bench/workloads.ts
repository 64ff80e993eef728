import type { ContestantName } from "./contestants/index.ts";
import type { InputSpec } from "./input.ts";
import type { SampleFiles } from "./sample-files.ts";
import type { StoreSpec } from "./store-server.ts";

const MIB = 1024 * 1024;

/** Objects that a contestant reads before it is measured, where there are that many. */
const WARM_UP = 50;

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

export const workloadNames = [
  "files",
  "memory-10g",
  "entries-100k",
  "small-objects",
  "large-object",
  "objects",
] as const;
export type WorkloadName = (typeof workloadNames)[number];

/**
 * @param sampleFiles makes the files of the workload that needs them
 * @param store starts a store for a workload that reads from one; resolves to its endpoint
 */
export async function createWorkload(
  name: WorkloadName,
  sampleFiles: () => Promise<SampleFiles>,
  store: (spec: StoreSpec) => Promise<string>,
): Promise<Workload> {
  switch (name) {
    case "files":
      return files(name, await sampleFiles());
    case "memory-10g":
      return memory(name);
    case "entries-100k":
      return entries(name);
    case "small-objects": {
      const spec = { objects: 2_000, objectBytes: 16 * 1024, firstByteMs: 20, bytesPerSecond: 0 };
      const title = "2,000 objects of 16 KiB from a store that takes 20 ms to the first byte";
      const peers = ["zip-stream", "archiver", "client-zip", "yazl", "s3-zip"] as const;
      return fromStore(name, title, "ziplink", ["ziplink", ...peers], spec, await store(spec));
    }
    case "large-object": {
      const spec = { objects: 1, objectBytes: 2048 * MIB, firstByteMs: 5, bytesPerSecond: 90e6 };
      const title = "one object of 2 GiB from a store that gives each connection 90 MB/s";
      return fromStore(
        name,
        title,
        "pass-through",
        ["pass-through", "ziplink"],
        spec,
        await store(spec),
      );
    }
    case "objects": {
      const spec = { objects: 16, objectBytes: 64 * MIB, firstByteMs: 0, bytesPerSecond: 0 };
      const title = "16 objects of 64 MiB from a store as fast as this machine";
      const peers = ["zip-stream", "archiver", "client-zip", "yazl", "s3-zip"] as const;
      const rows = ["pass-through", "ziplink", ...peers] as const;
      return fromStore(name, title, "pass-through", rows, spec, await store(spec));
    }
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
    title: "16 files of 64 MiB from disk, which all read in chunks of 256 KiB",
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

function fromStore(
  name: string,
  title: string,
  reference: ContestantName,
  contestants: readonly ContestantName[],
  { objects, objectBytes }: StoreSpec,
  endpoint: string,
): Workload {
  const input = { kind: "store", endpoint, entries: objects, entryBytes: objectBytes } as const;
  return {
    name,
    title,
    timeoutMs: 300_000,
    reference,
    rows: contestants.map((contestant) => ({
      name: contestant,
      contestant,
      // Of many objects some warm up the client as well, whose code is no part of a download.
      warmUp:
        objects > WARM_UP || contestant === "s3-zip"
          ? { ...input, entries: Math.min(objects, WARM_UP) }
          : { kind: "synthetic", entries: 10, entryBytes: 1024 },
      input,
      ...(contestant === "ziplink" ? { maxPeakBytes: 64 * MIB } : {}),
    })),
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
