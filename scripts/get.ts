/** `npm run get`: downloads an archive in slices, in parallel; resumes, retries and verifies. */
import { existsSync } from "node:fs";
import { parseArgs } from "node:util";
import { formatBytes, formatCount } from "../core/input/quantities.ts";
import { CommandError, runCommand } from "./command.ts";
import { DownloadError, type FetchOptions, fetchRange, probe } from "./get/fetch-range.ts";
import { missingPieces } from "./get/intervals.ts";
import { PartialFile } from "./get/partial-file.ts";
import { Progress } from "./get/progress.ts";
import { DamagedZipError, verifyZip } from "./get/verify-zip.ts";

const USAGE = `Usage: npm run get -- URL [options]

  -o, --output FILE     where to (default: the archive's own name, in this folder)
  -c, --connections N   how many at a time (default 4)
      --retries N       attempts in a row that may fail (default 8)

An interrupted download goes on where it was when the same command is run again.`;

/** What one connection fetches before it takes the next piece. */
const PIECE_BYTES = 16 * 1024 * 1024;

await runCommand(async () => {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      output: { type: "string", short: "o" },
      connections: { type: "string", short: "c", default: "4" },
      retries: { type: "string", default: "8" },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(USAGE);
    return;
  }
  const [url] = positionals;
  if (url === undefined || positionals.length > 1 || !URL.canParse(url)) {
    throw new CommandError(`Give the link's URL.\n\n${USAGE}`);
  }
  const interrupt = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () =>
      interrupt.abort(new DownloadError("Interrupted. Run it again to go on.")),
    );
  }
  await get(url, values.output, parseCount("--connections", values.connections, 1, 64), {
    retries: parseCount("--retries", values.retries, 0, 1000),
    stallMs: 60_000,
    backoffMs: 500,
    signal: interrupt.signal,
  });
});

async function get(
  url: string,
  output: string | undefined,
  connections: number,
  options: FetchOptions,
): Promise<void> {
  const { filename, ...archive } = await probe(url, options);
  const path = output ?? filename ?? "archive.zip";
  if (existsSync(path))
    throw new CommandError(`${path} is there already. Choose another one with -o.`);
  const file = await PartialFile.open(path, archive);
  if (file.doneBytes > 0) console.error(`Going on after ${formatBytes(file.doneBytes)}.`);
  try {
    await fetchMissing(url, archive, file, connections, options);
  } catch (error) {
    // What went wrong first is what is told at the end.
    await file.checkpoint().catch((failed: Error) => {
      console.error(`What came is not noted down: ${failed.message}`);
    });
    throw error;
  }
  await file.checkpoint();
  await verify(archive.length, file);
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
  const pieces = missingPieces(file.done, archive.length, PIECE_BYTES).values();
  let bytes = file.doneBytes;
  // The first connection that gives up ends the others.
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

/** No further attempt at the network makes room on a disk. */
function failWriting(cause: Error): never {
  throw new DownloadError(`The file cannot be written: ${cause.message}`, { cause });
}

/** Nothing is called complete that is not: its length, and the CRC-32 of every entry. */
async function verify(length: number, file: PartialFile): Promise<void> {
  try {
    if (file.doneBytes !== length) throw new DamagedZipError("It is not complete.");
    const entries = await verifyZip(length, (start, end) => file.read(start, end));
    console.error(`Complete: ${formatBytes(length)}, ${formatCount(entries)} files, all verified.`);
  } catch (error) {
    // What cannot be read may be whole all the same; only what is known to be wrong goes.
    if (error instanceof DamagedZipError) await file.discard();
    else await file.close();
    throw error;
  }
}

function parseCount(option: string, text: string, min: number, max: number): number {
  const count = /^\d+$/.test(text) ? Number(text) : Number.NaN;
  if (count >= min && count <= max) return count;
  throw new CommandError(`${option} takes a whole number from ${min} to ${max}.`);
}
