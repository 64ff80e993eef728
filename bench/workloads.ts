import type { Entrant, Workload } from "./contest.ts";
import type { ContestantName } from "./contestants/index.ts";
import { hasTool } from "./contestants/tools.ts";
import { createSampleFiles } from "./sample-files.ts";
import { type Store, startStore } from "./store.ts";
import type { StoreSpec } from "./store-server.ts";
import { WARM_UP_BUCKET, warmUpSpec } from "./warm-up.ts";

const KIB = 1024;
const MIB = 1024 * KIB;

const peers = [
  "zip-stream",
  "archiver",
  "archiver-at-once",
  "client-zip",
  "yazl",
  "s3-zip",
] as const;

/**
 * Each yields its workloads one after the other. The files or the store of a workload exist until
 * the next one is requested.
 */
export const workloads = {
  files,
  "memory-10g": memory,
  "entries-100k": entries,
  "small-objects": smallObjects,
  "large-object": largeObject,
  objects,
  sizes,
} satisfies Record<string, (signal: AbortSignal) => AsyncIterable<Workload>>;

async function* files(signal: AbortSignal): AsyncGenerator<Workload> {
  console.error("creating 1 GiB of files");
  await using sample = await createSampleFiles(signal);
  const row = (contestant: ContestantName, name: string = contestant, statesCrc32 = false) => ({
    name,
    contestant,
    warmUp: { kind: "files", ...sample.warmUp, statesCrc32 } as const,
    input: { kind: "files", ...sample.archive, statesCrc32 } as const,
  });
  const outside = (["cat", "python-zipfile", "info-zip"] as const).filter(hasTool);
  yield {
    name: "files",
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
      ...outside.map((contestant) => row(contestant)),
    ],
  };
}

async function* memory(): AsyncGenerator<Workload> {
  yield {
    name: "memory-10g",
    title: "160 objects of 64 MiB, 10 GiB, from memory",
    timeoutMs: 300_000,
    reference: "ziplink",
    rows: [
      {
        name: "ziplink",
        contestant: "ziplink",
        warmUp: { kind: "synthetic", entries: 1, entryBytes: 2 * MIB },
        input: { kind: "synthetic", entries: 160, entryBytes: 64 * MIB },
      },
    ],
  };
}

async function* entries(): AsyncGenerator<Workload> {
  yield {
    name: "entries-100k",
    title: "100,000 objects of 1 KiB from memory",
    timeoutMs: 120_000,
    reference: "ziplink",
    // Readers refuse the archive that client-zip makes of so many entries.
    rows: (["ziplink", "zip-stream", "archiver", "yazl"] as const).map((contestant) => ({
      name: contestant,
      contestant,
      warmUp: { kind: "synthetic", entries: 10, entryBytes: KIB },
      input: { kind: "synthetic", entries: 100_000, entryBytes: KIB },
    })),
  };
}

async function* smallObjects(): AsyncGenerator<Workload> {
  const spec = { objects: 2_000, objectBytes: 16 * KIB, firstByteMs: 20, bytesPerSecond: 0 };
  using store = await startStore(spec);
  yield {
    name: "small-objects",
    title: "2,000 objects of 16 KiB from a store that takes 20 ms to the first byte",
    timeoutMs: 300_000,
    reference: "ziplink",
    // client-zip and yazl read one object after the other too, and would take as long; `sizes`
    // includes them.
    rows: fromStore(["ziplink", "zip-stream", "archiver", "archiver-at-once", "s3-zip"], store),
  };
}

async function* largeObject(): AsyncGenerator<Workload> {
  const spec = { objects: 1, objectBytes: 2048 * MIB, firstByteMs: 5, bytesPerSecond: 90e6 };
  using store = await startStore(spec);
  yield {
    name: "large-object",
    title: "one object of 2 GiB from a store that gives each connection 90 MB/s",
    timeoutMs: 300_000,
    reference: "pass-through",
    rows: fromStore(["pass-through", "ziplink"], store),
  };
}

async function* objects(): AsyncGenerator<Workload> {
  const spec = { objects: 16, objectBytes: 64 * MIB, firstByteMs: 0, bytesPerSecond: 0 };
  using store = await startStore(spec);
  yield {
    name: "objects",
    title: "16 objects of 64 MiB from a store as fast as this machine",
    timeoutMs: 300_000,
    reference: "pass-through",
    rows: fromStore(["pass-through", "ziplink", ...peers], store),
  };
}

/**
 * Object lengths, and the number of objects of each: enough for a result, few enough to take
 * minutes.
 */
const SIZES = [
  [4 * KIB, 64],
  [16 * KIB, 64],
  [64 * KIB, 64],
  [256 * KIB, 64],
  [MIB, 48],
  [4 * MIB, 32],
  [16 * MIB, 16],
  [64 * MIB, 8],
] as const;

async function* sizes(): AsyncGenerator<Workload> {
  for (const [objectBytes, objects] of SIZES) {
    const spec = { objects, objectBytes, firstByteMs: 20, bytesPerSecond: 0 };
    using store = await startStore(spec);
    const size =
      objectBytes < MIB ? `${objectBytes / KIB} KiB` : `${Math.round(objectBytes / MIB)} MiB`;
    yield {
      name: `sizes ${size}`,
      title: `${objects} objects of ${size} from a store that takes 20 ms to the first byte`,
      timeoutMs: 120_000,
      reference: "pass-through",
      objectBytes,
      rows: fromStore(["pass-through", "ziplink", ...peers], store),
    };
  }
}

function fromStore(contestants: readonly ContestantName[], { endpoint, spec }: Store): Entrant[] {
  const all = (bucket: string, { objects: entries, objectBytes: entryBytes }: StoreSpec) =>
    ({ kind: "store", endpoint, bucket, entries, entryBytes }) as const;
  const input = all("bench", spec);
  return contestants.map((contestant) => ({
    name: contestant,
    contestant,
    // s3-zip fails on small objects that arrive at once (README.md).
    warmUp: contestant === "s3-zip" ? { ...input, entries: 1 } : all(WARM_UP_BUCKET, warmUpSpec),
    input,
  }));
}
