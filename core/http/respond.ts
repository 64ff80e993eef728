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

/** What a platform lets through in one response. Bytes; `Infinity` where it has no limit. */
export interface ResponseLimits {
  /**
   * The longest body. A longer range is answered by its beginning (RFC 9110, 15.3.7); for a longer
   * archive as a whole there is only 413, since part of it would look like all of it.
   */
  readonly maxResponseBytes: number;
  /** The longest body with a `Content-Length`; a longer one is sent in chunks. */
  readonly maxFixedLength: number;
}

/** What of a request an archive's response depends on. */
export type ArchiveQuery = Pick<Request, "method" | "headers">;

/** The archive that a response is about, and how it may be sent. */
export interface RespondOptions {
  /** What the archive holds; its length and ETag follow from it. */
  readonly plan: Plan;
  /** The archive's name as it was asked for; default "archive". */
  readonly name?: string | undefined;
  /** Whether this link can give no other archive than this one. */
  readonly isPinned: boolean;
  /** Value of `Cache-Control`. */
  readonly cacheControl: string;
  /** What the platform lets through in one response. */
  readonly responseLimits: ResponseLimits;
  /** The archive's bytes, of one that has no ranges all; called only if the response has a body. */
  readonly open: (range: ByteRange | undefined) => Promise<ReadableStream<Uint8Array>>;
}

/**
 * The response to a GET or HEAD for an archive, as RFC 9110 has it for a static file: 200 or 206 with
 * its exact length, or 304. One that is compressed has no length, no ranges and a weak ETag. Rejects with
 * `precondition_failed`, `range_not_satisfiable`, `too_large` where the platform cannot send it at once,
 * and what `open` rejects with.
 */
export async function respond(request: ArchiveQuery, options: RespondOptions): Promise<Response> {
  const { plan, open } = options;
  const isDeflated = plan.format.compression === "deflate";
  const { length, etag: strongTag } = layoutZip(plan);
  // The same objects compressed by another version of zlib are other bytes (RFC 9110, 8.8.1).
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
    throw new ZiplinkError("precondition_failed", "The archive is not the one you asked for.", {
      headers: { ETag: etag },
    });
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
  // Made before the body: nothing may fail once that is open, as nobody would close it.
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

/** As much of a range as one response may hold; a HEAD has no body and tells of the whole. */
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
    `This archive has ${formatBytes(length)}; here one response can have ${formatBytes(slice)}. ` +
      `Ask for it in ranges of up to ${slice} bytes, beginning with "Range: bytes=0-${slice - 1}".`,
    {
      details: { limit: slice, total: length, slice },
      headers: { ETag: etag, "Accept-Ranges": "bytes", "Ziplink-Length": String(length) },
    },
  );
}

/** A file name for the download: safe on every system, and ending in ".zip". */
export function downloadName(name = "archive"): string {
  const base = safeSegment(name.replace(/\.zip$/i, ""));
  return `${safeSegment(base.slice(0, 200))}.zip`;
}

/** The range to send, for a GET alone: RFC 9110, 14.2 defines it for no other method. */
function requestedRange(request: ArchiveQuery, length: number, validators: Validators) {
  if (request.method !== "GET" || !rangeIsCurrent(request.headers, validators)) return undefined;
  return parseRange(request.headers.get("Range"), length);
}

/** When any object last changed; never later than now (RFC 9110, 8.8.2.1), in whole seconds. */
function lastModified({ entries }: Plan): Date {
  let latest = 0;
  for (const { blob } of entries) latest = Math.max(latest, blob.modified.getTime());
  return new Date(Math.floor(Math.min(latest, Date.now()) / 1000) * 1000);
}
