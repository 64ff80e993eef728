import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { createFsSource } from "../adapters/fs.ts";
import type { ArchiveRequest } from "../core/archive-request.ts";
import type { BlobSource } from "../core/blob-source.ts";
import { createSyntheticSource, syntheticBytes, syntheticName } from "./synthetic-source.ts";

/** What one archive is to hold, in a form that can be sent to another process. */
export type InputSpec =
  | {
      readonly kind: "files";
      readonly root: string;
      readonly files: readonly FileSpec[];
      /** Whether Ziplink is told each file's CRC-32. */
      readonly statesCrc32: boolean;
    }
  | { readonly kind: "synthetic"; readonly entries: number; readonly entryBytes: number };

export interface FileSpec {
  readonly name: string;
  readonly size: number;
  readonly crc32: number;
}

/** The same entries in the terms of every contestant. */
export interface Input {
  /** For Ziplink. */
  readonly source: BlobSource;
  readonly request: ArchiveRequest;
  /** For the others; each entry is made when it is asked for. */
  readonly entries: Iterable<Entry>;
}

export interface Entry {
  readonly name: string;
  readonly size: number;
  /** Opens it; whoever asks for a stream reads it. */
  readonly open: () => Readable | Buffer;
}

/** The same for all; Ziplink's file source reads in chunks of this length too. */
const READ_AHEAD = { highWaterMark: 256 * 1024 };

export function createInput(spec: InputSpec): Input {
  if (spec.kind === "synthetic") {
    return {
      source: createSyntheticSource(spec),
      request: { prefix: "" },
      entries: syntheticEntries(spec),
    };
  }
  const { root, files, statesCrc32 } = spec;
  return {
    source: createFsSource({ root }),
    request: statesCrc32
      ? { entries: files.map(({ name, crc32 }) => ({ key: name, crc32 })) }
      : { prefix: "" },
    entries: files.map(({ name, size }) => ({
      name,
      size,
      open: () => createReadStream(join(root, name), READ_AHEAD),
    })),
  };
}

function* syntheticEntries({ entries, entryBytes }: { entries: number; entryBytes: number }) {
  for (let i = 0; i < entries; i++) {
    yield { name: syntheticName(i), size: entryBytes, open: () => syntheticBytes(entryBytes) };
  }
}

/** Sum of the entries' lengths in bytes. */
export function payloadBytes(spec: InputSpec): number {
  return spec.kind === "synthetic"
    ? spec.entries * spec.entryBytes
    : spec.files.reduce((sum, { size }) => sum + size, 0);
}

export function entryCount(spec: InputSpec): number {
  return spec.kind === "synthetic" ? spec.entries : spec.files.length;
}
