/** `ziplink get`: downloads an archive in parallel ranges. Resumes, retries and verifies. */
import { parseArgs } from "node:util";
import { formatBytes, formatCount } from "../../core/input/quantities.ts";
import { type Command, CommandError, UsageError } from "../command.ts";
import { archiveUrlOf } from "../get/archive-url.ts";
import { type FetchOptions, fetchRange, probe } from "../get/fetch-range.ts";
import { missingPieces } from "../get/intervals.ts";
import { PartialFile } from "../get/partial-file.ts";
import { Progress } from "../get/progress.ts";
import { DownloadError } from "../get/request.ts";
import { DamagedZipError, verifyZip } from "../get/verify-zip.ts";

const USAGE = `URL [options]

  URL                   a link, or the page of one
  -o, --output FILE     where to save it (default: the archive's name, in this folder)
  -c, --connections N   parallel connections (default 4)
      --retries N       consecutive attempts that may fail (default 8)

To resume an interrupted download, run the same command again.`;

/** Bytes that a connection fetches before it takes the next piece. */
const PIECE_BYTES = 16 * 1024 * 1024;

export const get: Command = {
  summary: "downloads an archive in parallel; resumes, retries and verifies",
  usage: USAGE,
  async run(args) {
    const { values, positionals } = parseArgs({
      args,
      allowPositionals: true,
      options: {
        output: { type: "string", short: "o" },
        connections: { type: "string", short: "c", default: "4" },
        retries: { type: "string", default: "8" },
      },
    });
    const url = archiveUrlOf(positionals[0] ?? "");
    if (url === undefined || positionals.length > 1) {
      throw new UsageError("Expected one URL, that of a link.");
    }
    const interrupt = new AbortController();
    for (const name of ["SIGINT", "SIGTERM"] as const) {
      process.once(name, () =>
        interrupt.abort(new DownloadError("Interrupted. Run the same command again to resume.")),
      );
    }
    await download(url, values.output, parseCount("--connections", values.connections, 1, 64), {
      retries: parseCount("--retries", values.retries, 0, 1000),
      stallMs: 60_000,
      backoffMs: 500,
      signal: interrupt.signal,
    });
  },
};

async function download(
  url: string,
  output: string | undefined,
  connections: number,
  options: FetchOptions,
): Promise<void> {
  const { filename, ...archive } = await probe(url, options);
  const path = output ?? filename ?? "archive.zip";
  const file = await PartialFile.open(path, archive);
  if (file.doneBytes > 0) console.error(`Resuming after ${formatBytes(file.doneBytes)}.`);
  try {
    await fetchMissing(url, archive, file, connections, options);
  } catch (error) {
    // Report the first error last, where it is seen.
    await file.checkpoint().catch((failed: Error) => {
      console.error(`The progress could not be saved: ${failed.message}`);
    });
    throw error;
  }
  await file.checkpoint();
  await verify(archive.length, file, options.signal);
  await file.finish();
  console.error(`Saved ${path}`);
}

async function fetchMissing(
  url: string,
  archive: { readonly etag: string; readonly length: number },
  file: PartialFile,
  connections: number,
  options: FetchOptions,
): Promise<void> {
  const progress = new Progress(process.stderr, archive.length);
  const pieces = missingPieces(file.done, archive.length, PIECE_BYTES);
  let bytes = file.doneBytes;
  // The first connection to give up stops the others.
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  const connection = async () => {
    for (const [start, end] of pieces) {
      await fetchRange(
        url,
        archive,
        start,
        end,
        async (chunk, position) => {
          await file.write(chunk, position).catch(failWriting);
          bytes += chunk.length;
          progress.update(bytes);
        },
        { ...options, signal },
      );
    }
  };
  const all = Array.from({ length: connections }, () =>
    connection().catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  const results = await Promise.allSettled(all);
  progress.finish(bytes);
  if (results.some(({ status }) => status === "rejected")) throw signal.reason;
}

/** Fails for good: another network request does not free disk space. */
function failWriting(cause: Error): never {
  throw new DownloadError(`The file cannot be written: ${cause.message}`, { cause });
}

/**
 * Checks the length and the CRC-32 of every entry, so that no damaged file is reported as complete.
 */
async function verify(length: number, file: PartialFile, signal: AbortSignal): Promise<void> {
  try {
    if (file.doneBytes !== length) throw new DamagedZipError("The download is incomplete.");
    const entries = await verifyZip(length, (start, end) => file.read(start, end), signal);
    console.error(
      `Complete: ${formatBytes(length)}, ${formatCount(entries)} ${entries === 1 ? "file" : "files"} verified.`,
    );
  } catch (error) {
    // A file that cannot be read may still be intact; discard only one known to be damaged.
    if (error instanceof DamagedZipError) await file.discard();
    else await file.close();
    throw error;
  }
}

function parseCount(option: string, text: string, min: number, max: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (count >= min && count <= max) return count;
  throw new CommandError(`${option} must be a whole number from ${min} to ${max}.`);
}
