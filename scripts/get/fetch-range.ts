import { setTimeout as sleep } from "node:timers/promises";
import { parse as parseDisposition } from "content-disposition";
import { retryDelay } from "../../core/async/retry.ts";
import { downloadName } from "../../core/http/respond.ts";
import { checkRange, parseContentRange } from "../../core/input/content-range.ts";
import { printable } from "../printable.ts";
import type { ArchiveIdentity } from "./partial-file.ts";
import { formatDuration } from "./progress.ts";
import { DownloadError, PassingError, readUpTo, request } from "./request.ts";

export interface FetchOptions {
  /** Consecutive attempts that may fail before the download is given up. */
  readonly retries: number;
  /** How long an attempt may receive nothing before it counts as failed. Milliseconds. */
  readonly stallMs: number;
  /** The wait before the first retry, doubled for each further one. Milliseconds. */
  readonly backoffMs: number;
  readonly signal: AbortSignal;
}

const MAX_BACKOFF_MS = 30_000;

/** Responses that one range may take: a server that sends tiny parts would keep us asking for the next one. */
const MAX_PARTS = 256;

/** A download may run unattended, so it waits for as long as a server reasonably asks it to. */
const MAX_RETRY_AFTER_MS = 3_600_000;

/** Returns what the link leads to, by requesting its first byte. */
export async function probe(
  url: string,
  options: FetchOptions,
): Promise<ArchiveIdentity & { readonly filename: string | undefined }> {
  return withRetries(options, async (attempt) => {
    const response = await request(url, { Range: "bytes=0-0" }, attempt.signal);
    // Read one byte, so that the connection can be reused, but not a whole file.
    if (response.status === 206) await readUpTo(response, 1);
    else await response.body?.cancel();
    const stated = parseContentRange(response.headers.get("Content-Range"));
    const etag = response.headers.get("ETag");
    const isFirstByte = response.status === 206 && stated?.start === 0 && stated.end === 1;
    if (!isFirstByte || !etag || etag.startsWith("W/")) {
      throw new DownloadError(
        "The server cannot send parts of this file. If the URL is a Ziplink link to a compressed " +
          "archive, use a browser or curl.",
      );
    }
    const { filename } = parseDisposition(
      response.headers.get("Content-Disposition") ?? "",
    ).parameters;
    return { etag, length: stated.size, filename: filename && safeFilename(filename) };
  });
}

/**
 * Returns a server's name for the download as one to save it by in the current folder: that of a download
 * of Ziplink, and not hidden or mistaken for an option (`.bashrc`, `-rf`).
 */
function safeFilename(filename: string): string {
  return downloadName(filename).replace(/^[.-]+/, "_");
}

/**
 * Fetches bytes `[start, end)` of exactly the given archive, in as many requests as it takes: a
 * server may send less than requested (RFC 9110, 15.3.7), and a connection may break. `onBytes`
 * receives them in order. Rejects with `DownloadError` if the archive has changed or is
 * unavailable.
 */
export async function fetchRange(
  url: string,
  archive: ArchiveIdentity,
  start: number,
  end: number,
  onBytes: (bytes: Uint8Array, position: number) => Promise<void>,
  options: FetchOptions,
): Promise<void> {
  let position = start;
  let parts = 0;
  await withRetries(options, async (attempt) => {
    while (position < end) {
      if (++parts > MAX_PARTS) {
        throw new DownloadError("The server sends this file in too many small parts.");
      }
      const headers = { Range: `bytes=${position}-${end - 1}`, "If-Match": archive.etag };
      const response = await request(url, headers, attempt.signal);
      const stated = parseContentRange(response.headers.get("Content-Range"));
      const sentEnd = checkRange(stated, { start: position, end, size: archive.length });
      const isArchive = response.status === 206 && response.headers.get("ETag") === archive.etag;
      if (!isArchive || typeof sentEnd === "string") {
        await response.body?.cancel();
        throw new Error("the server sent a different range than requested");
      }
      for await (const bytes of response.body ?? []) {
        if (bytes.length > sentEnd - position) throw new Error("the server sent too many bytes");
        await onBytes(bytes, position);
        position += bytes.length;
        attempt.progress();
      }
      // Another request right away would go on for ever with a server that sends nothing.
      if (position < sentEnd) throw new Error("the connection was closed early");
    }
  });
}

interface Attempt {
  readonly signal: AbortSignal;
  /** Must be called when bytes arrive: restarts the stall timer and the count of failures. */
  progress(): void;
}

async function withRetries<T>(
  options: FetchOptions,
  run: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; ) {
    const stalled = new AbortController();
    const timer = setTimeout(() => stalled.abort(new Error("no bytes arrived")), options.stallMs);
    try {
      return await run({
        signal: AbortSignal.any([options.signal, stalled.signal]),
        progress() {
          failures = 0;
          timer.refresh();
        },
      });
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof DownloadError) throw error;
      failures++;
      if (failures > options.retries) {
        throw new DownloadError(
          `Gave up after ${failures} consecutive attempts: ${reasonOf(error)}.`,
          { cause: error },
        );
      }
      const asked = error instanceof PassingError ? error.retryAfterMs : undefined;
      const wait = retryDelay(failures, asked, {
        firstMs: options.backoffMs,
        maxMs: MAX_BACKOFF_MS,
        maxAskedMs: MAX_RETRY_AFTER_MS,
      });
      if (wait === undefined) {
        const later = formatDuration((asked ?? 0) / 1000);
        throw new DownloadError(
          `Gave up: ${reasonOf(error)}. The server asks to wait ${later}: run the command again then.`,
          { cause: error },
        );
      }
      clearTimeout(timer);
      await sleep(wait, undefined, { signal: options.signal });
    } finally {
      clearTimeout(timer);
    }
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "it failed";
  // `fetch` wraps the cause, and its own message, "fetch failed", says nothing.
  return printable(error.cause instanceof Error ? error.cause.message : error.message);
}
