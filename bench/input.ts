import { createReadStream } from "node:fs";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { GetObjectCommand, type S3Client } from "@aws-sdk/client-s3";
import { createFsSource } from "../adapters/fs/source.ts";
import { createS3Client } from "../adapters/s3/client.ts";
import { createS3Source } from "../adapters/s3/source.ts";
import type { BlobSource } from "../core/blob-source.ts";
import type { ArchiveSpec } from "../core/planning/archive-spec.ts";
import { ResilientSource } from "../core/source/resilience/resilient-source.ts";
import { ReadAheadPool } from "../core/streaming/read-ahead-pool.ts";
import { createSyntheticSource, syntheticBytes, syntheticName } from "./synthetic-source.ts";

/** The contents of one archive, in a form that can be sent to another process. */
export type InputSpec =
  | {
      readonly kind: "files";
      readonly root: string;
      readonly files: readonly FileSpec[];
      /** Whether Ziplink is given each file's CRC-32. */
      readonly statesCrc32: boolean;
    }
  | { readonly kind: "synthetic"; readonly entries: number; readonly entryBytes: number }
  | {
      /** The first `entries` objects of a store with S3's protocol. */
      readonly kind: "store";
      readonly endpoint: string;
      readonly bucket: string;
      readonly entries: number;
      readonly entryBytes: number;
    };

export interface FileSpec {
  readonly name: string;
  readonly size: number;
  readonly crc32: number;
}

/** The same entries in the form that each contestant takes. */
export interface Input {
  /** For Ziplink. */
  readonly source: BlobSource;
  /** As the service configures it for such a source. */
  readonly readAhead: ReadAheadPool;
  readonly spec: ArchiveSpec;
  /** For the others. Each entry is created when it is requested. */
  readonly entries: Iterable<Entry>;
  readonly bucket?: Bucket;
  readonly folder?: Folder;
}

export interface Entry {
  readonly name: string;
  readonly size: number;
  /** Opens the entry as its client returns it. A caller that receives a stream must read it. */
  readonly open: () => Promise<Readable | Buffer>;
}

/** A folder of regular files, for programs that open the files themselves. */
export interface Folder {
  readonly root: string;
  readonly files: readonly FileSpec[];
}

/** The input of s3-zip, which reads from the bucket itself. */
export interface Bucket {
  readonly client: S3Client;
  readonly bucket: string;
  readonly keys: readonly string[];
}

/** The same chunk length for all, including Ziplink's file source. */
const READ_AHEAD = { highWaterMark: 256 * 1024 };

export function createInput(spec: InputSpec): Input {
  if (spec.kind === "synthetic") {
    return {
      source: createSyntheticSource(spec),
      readAhead: new ReadAheadPool(),
      spec: { prefix: "" },
      entries: syntheticEntries(spec),
    };
  }
  if (spec.kind === "store") return storeInput(spec);
  const { root, files, statesCrc32 } = spec;
  return {
    source: createFsSource({ root }),
    readAhead: new ReadAheadPool({ partBytes: Infinity }),
    spec: statesCrc32
      ? { entries: files.map(({ name, crc32 }) => ({ key: name, crc32 })) }
      : { prefix: "" },
    entries: files.map(({ name, size }) => ({
      name,
      size,
      open: async () => createReadStream(join(root, name), READ_AHEAD),
    })),
    folder: { root, files },
  };
}

const clients = new Map<string, S3Client>();

/**
 * Returns the S3 client that all contestants share, with the settings that Ziplink deploys with.
 */
function clientOf(endpoint: string): S3Client {
  const client =
    clients.get(endpoint) ??
    createS3Client({
      endpoint,
      region: "us-east-1",
      forcePathStyle: true,
      credentials: { accessKeyId: "bench", secretAccessKey: "bench" },
    });
  clients.set(endpoint, client);
  return client;
}

function storeInput(spec: Extract<InputSpec, { kind: "store" }>): Input {
  const client = clientOf(spec.endpoint);
  const keys = Array.from({ length: spec.entries }, (_, i) => syntheticName(i));
  const { bucket } = spec;
  const source = createS3Source({ client, bucket });
  return {
    source: new ResilientSource(source).forDownload(),
    readAhead: new ReadAheadPool(),
    spec: { prefix: "" },
    entries: keys.map((Key) => ({
      name: Key,
      size: spec.entryBytes,
      open: async () => {
        const { Body } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
        return Body as Readable;
      },
    })),
    bucket: { client, bucket, keys },
  };
}

function* syntheticEntries({ entries, entryBytes }: { entries: number; entryBytes: number }) {
  for (let i = 0; i < entries; i++) {
    yield {
      name: syntheticName(i),
      size: entryBytes,
      open: async () => syntheticBytes(entryBytes),
    };
  }
}

/** Returns the sum of the entries' lengths, in bytes. */
export function payloadBytes(spec: InputSpec): number {
  return spec.kind === "files"
    ? spec.files.reduce((sum, { size }) => sum + size, 0)
    : spec.entries * spec.entryBytes;
}

export function entryCount(spec: InputSpec): number {
  return spec.kind === "files" ? spec.files.length : spec.entries;
}
