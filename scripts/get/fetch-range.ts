import { setTimeout as sleep } from "node:timers/promises";
import { parse as parseDisposition } from "content-disposition";
import { safeSegment } from "../../core/planning/names.ts";
import { CommandError } from "../command.ts";
import type { ArchiveIdentity } from "./partial-file.ts";

/** The download cannot go on, whatever is tried; the message says why. */
export class DownloadError extends CommandError {
  override readonly name = "DownloadError";
}

export interface FetchOptions {
  /** Attempts in a row that may bring nothing before it is given up. */
  readonly retries: number;
  /** How long nothing may come before an attempt counts as failed. Milliseconds. */
  readonly stallMs: number;
  /** The wait before the first further attempt, doubled for each one after it. Milliseconds. */
  readonly backoffMs: number;
  readonly signal: AbortSignal;
}

const MAX_BACKOFF_MS = 30_000;

/** Answers that another attempt may change (RFC 9110, 15.5.10, 15.6; RFC 6585, 4). */
const PASSING = new Set([408, 409, 425, 429, 500, 502, 503, 504]);

/** What the link leads to: asks for its first byte. */
export async function probe(
  url: string,
  options: FetchOptions,
): Promise<ArchiveIdentity & { readonly filename: string | undefined }> {
  return withRetries(options, async (attempt) => {
    const response = await request(url, { Range: "bytes=0-0" }, attempt.signal);
    // One byte is read, so that the connection can be used again; a whole file is not.
    if (response.status === 206) await response.arrayBuffer();
    else await response.body?.cancel();
    const length = /^bytes 0-0\/(\d+)$/.exec(response.headers.get("Content-Range") ?? "")?.[1];
    const etag = response.headers.get("ETag");
    if (response.status !== 206 || length === undefined || !etag || etag.startsWith("W/")) {
      throw new DownloadError(
        "What answers there cannot send parts of a file. If it is a Ziplink link to a compressed " +
          "archive, use a browser or curl.",
      );
    }
    const disposition = response.headers.get("Content-Disposition");
    const { filename } = disposition ? parseDisposition(disposition).parameters : {};
    return { etag, length: Number(length), filename: filename && safeSegment(filename) };
  });
}

/**
 * Fetches bytes `[start, end)` of exactly the archive that is meant, in as many requests as it takes:
 * a server may send less than it is asked for (RFC 9110, 15.3.7), and a connection may break. `onBytes`
 * gets them in order. Rejects with `DownloadError` if the archive has changed or cannot be had.
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
  await withRetries(options, async (attempt) => {
    while (position < end) {
      const headers = { Range: `bytes=${position}-${end - 1}`, "If-Match": archive.etag };
      const response = await request(url, headers, attempt.signal);
      const range = `bytes ${position}-`;
      if (response.status !== 206 || !response.headers.get("Content-Range")?.startsWith(range)) {
        await response.body?.cancel();
        throw new Error("the server sent another part than it was asked for");
      }
      for await (const bytes of response.body ?? []) {
        const wanted = bytes.subarray(0, end - position);
        await onBytes(wanted, position);
        position += wanted.length;
        attempt.progress();
      }
    }
  });
}

interface Attempt {
  readonly signal: AbortSignal;
  /** Something has come: the time limit and the count of failures begin anew. */
  progress(): void;
}

async function withRetries<T>(
  options: FetchOptions,
  run: (attempt: Attempt) => Promise<T>,
): Promise<T> {
  for (let failures = 0; ; ) {
    const stalled = new AbortController();
    const timer = setTimeout(() => stalled.abort(new Error("nothing came")), options.stallMs);
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
          `Gave up after ${failures} attempts in a row: ${reasonOf(error)}.`,
          {
            cause: error,
          },
        );
      }
      const asked = error instanceof PassingError ? error.retryAfterMs : 0;
      const backoff = Math.min(options.backoffMs * 2 ** (failures - 1), MAX_BACKOFF_MS);
      // Half of it by chance, so that connections that broke together do not come back together.
      const wait = Math.max(asked, backoff * (0.5 + Math.random() / 2));
      clearTimeout(timer);
      await sleep(wait, undefined, { signal: options.signal });
    } finally {
      clearTimeout(timer);
    }
  }
}

class PassingError extends Error {
  readonly retryAfterMs: number;

  constructor(message: string, retryAfterMs: number) {
    super(message);
    this.retryAfterMs = retryAfterMs;
  }
}

async function request(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<Response> {
  const response = await fetch(url, {
    headers: { ...headers, "Accept-Encoding": "identity" },
    signal,
  });
  if (response.ok) return response;
  const text = await response.text();
  if (response.status === 412 && "If-Match" in headers) {
    throw new DownloadError(
      "The contents have changed since the download began. Run it again to get the new ones.",
    );
  }
  const detail = problemDetail(text) ?? response.statusText;
  if (PASSING.has(response.status)) {
    const seconds = Number(response.headers.get("Retry-After") ?? 0);
    throw new PassingError(
      `the server answered ${response.status}: ${detail}`,
      seconds * 1000 || 0,
    );
  }
  throw new DownloadError(`The server answered ${response.status}: ${detail}`);
}

/** The detail of an RFC 9457 problem, where the text is one. */
function problemDetail(text: string): string | undefined {
  if (!text.startsWith("{")) return undefined;
  const { detail } = JSON.parse(text) as { detail?: unknown };
  return typeof detail === "string" ? detail : undefined;
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return "it failed";
  // `fetch` wraps what went wrong: "fetch failed" alone helps nobody.
  return error.cause instanceof Error ? error.cause.message : error.message;
}
