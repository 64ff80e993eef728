import { create as contentDisposition } from "content-disposition";
import type { ByteRange } from "../blob-source.ts";
import { ZiplinkError } from "../errors.ts";
import { formatBytes } from "../input/quantities.ts";
import { safeSegment } from "../planning/names.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import { checkPreconditions, rangeIsCurrent, type Validators } from "./conditions.ts";
import { parseRange } from "./range.ts";
import { respondDeflated } from "./respond-deflated.ts";

/** The platform's limits of one response, in bytes; `Infinity` means no limit. */
export interface ResponseLimits {
  /**
   * Maximum length of a body. A longer range is answered with its first part (RFC 9110, 15.3.7). A request
   * for the whole of a longer archive is answered with 413, since part of an archive would look complete.
   */
  readonly maxResponseBytes: number;
  /** Maximum length of a body with a `Content-Length`; a longer one is sent in chunks. */
  readonly maxFixedLength: number;
}

/** The parts of a request that an archive's response depends on. */
export type ArchiveQuery = Pick<Request, "method" | "headers">;

/** Options of `respond`. */
export interface RespondOptions {
  /** The archive's plan, which determines its length and ETag. */
  readonly plan: Plan;
  /** The requested name of the archive. Default "archive". */
  readonly name?: string | undefined;
  /** Whether the link is pinned to this archive. */
  readonly isPinned: boolean;
  /** Value of `Cache-Control`. */
  readonly cacheControl: string;
  /** The platform's limits of one response. */
  readonly responseLimits: ResponseLimits;
  /**
   * Opens a range of the archive or, given `undefined`, a compressed archive, which has no ranges. Called only
   * if the response has a body.
   */
  readonly open: (range: ByteRange | undefined) => Promise<ReadableStream<Uint8Array>>;
}

/**
 * Returns the response to a GET or HEAD for an archive, as RFC 9110 defines it for a static file: 200 or 206
 * with the exact length, or 304. The response for a compressed archive has no length, no ranges and a weak
 * ETag. Rejects with `precondition_failed`, `range_not_satisfiable`, `too_large` if the archive exceeds the
 * platform's limit of one response, and the errors of `open`.
 */
export async function respond(request: ArchiveQuery, options: RespondOptions): Promise<Response> {
  const { plan, open } = options;
  const isDeflated = plan.format.compression === "deflate";
  const { length, etag: strongTag } = layoutZip(plan);
  // Weak, as another version of zlib compresses the same objects to different bytes (RFC 9110, 8.8.1).
  const etag = isDeflated ? `W/${strongTag}` : strongTag;
  const validators = { etag, lastModified: lastModified(plan), isDateStrong: options.isPinned };
  const headers = {
    ETag: etag,
    "Last-Modified": validators.lastModified.toUTCString(),
    "Cache-Control": options.cacheControl,
    "Accept-Ranges": isDeflated ? "none" : "bytes",
    "X-Content-Type-Options": "nosniff",
  };

  const precondition = checkPreconditions(request.headers, validators);
  if (precondition === 304) return new Response(null, { status: 304, headers });
  if (precondition === 412) {
    throw new ZiplinkError(
      "precondition_failed",
      "The archive does not match the preconditions of this request. Start the download again.",
      { headers: { ETag: etag } },
    );
  }
  const described = {
    ...headers,
    "Content-Type": "application/zip",
    "Content-Disposition": contentDisposition(downloadName(options.name)),
  };
  if (isDeflated) {
    const fields = new Headers(described);
    return respondDeflated(request, plan, options.responseLimits, fields, () => open(undefined));
  }
  const range = requestedRange(request, length, validators);
  if (range === "unsatisfiable") {
    throw new ZiplinkError("range_not_satisfiable", `The archive has ${length} bytes.`, {
      details: { length },
      headers: { "Content-Range": `bytes */${length}`, "Accept-Ranges": "bytes" },
    });
  }
  const { maxResponseBytes, maxFixedLength } = options.responseLimits;
  if (!range && request.method === "GET" && length > maxResponseBytes) {
    throw sliceIt(length, maxResponseBytes, etag);
  }
  const { start, end } = sendable(range ?? { start: 0, end: length }, request, maxResponseBytes);
  // Made before the body is opened: if anything failed after that, the body would never be closed.
  const sized = new Headers({
    ...described,
    ...(end - start <= maxFixedLength
      ? { "Content-Length": String(end - start) }
      : { "Ziplink-Length": String(length) }),
    ...(range ? { "Content-Range": `bytes ${start}-${end - 1}/${length}` } : {}),
  });
  return new Response(request.method === "HEAD" ? null : await open({ start, end }), {
    status: range ? 206 : 200,
    headers: sized,
  });
}

/** Returns the part of a range that one response may have. A HEAD has no body and describes all of it. */
function sendable(
  { start, end }: ByteRange,
  { method }: ArchiveQuery,
  maxBytes: number,
): ByteRange {
  return { start, end: method === "HEAD" ? end : Math.min(end, start + maxBytes) };
}

function sliceIt(length: number, slice: number, etag: string): ZiplinkError {
  return new ZiplinkError(
    "too_large",
    `This archive has ${formatBytes(length)}; a response can have at most ${formatBytes(slice)} here. ` +
      `Ask for it in ranges of up to ${slice} bytes, beginning with "Range: bytes=0-${slice - 1}".`,
    {
      details: { limit: slice, total: length, slice },
      headers: { ETag: etag, "Accept-Ranges": "bytes", "Ziplink-Length": String(length) },
    },
  );
}

/**
 * Longest name of a download, in bytes of UTF-8: file systems take 255, and browsers and download
 * managers put `.crdownload`, `.part` or a number behind it while it grows.
 */
const MAX_DOWNLOAD_NAME_BYTES = 200;

/** Returns the download's file name: safe on every system, ending in ".zip", at most 200 bytes long. */
export function downloadName(name = "archive"): string {
  const extension = ".zip";
  const base = name.replace(/\.zip$/i, "");
  return `${safeSegment(base, MAX_DOWNLOAD_NAME_BYTES - extension.length)}${extension}`;
}

/** Returns the requested range. Only for GET: RFC 9110, 14.2 defines ranges for no other method. */
function requestedRange(request: ArchiveQuery, length: number, validators: Validators) {
  if (request.method !== "GET" || !rangeIsCurrent(request.headers, validators)) return undefined;
  return parseRange(request.headers.get("Range"), length);
}

/** Returns when any object last changed, in whole seconds and never later than now (RFC 9110, 8.8.2.1). */
function lastModified({ entries }: Plan): Date {
  let latest = 0;
  for (const { blob } of entries) latest = Math.max(latest, blob.modified.getTime());
  return new Date(Math.floor(Math.min(latest, Date.now()) / 1000) * 1000);
}
