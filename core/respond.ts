import { create as contentDisposition } from "content-disposition";
import type { ByteRange } from "./blob-source.ts";
import { ZiplinkError } from "./errors.ts";
import { checkPreconditions, rangeIsCurrent, type Validators } from "./http-conditions.ts";
import { parseRange } from "./http-range.ts";
import { safeSegment } from "./names.ts";
import type { Plan } from "./plan.ts";
import { problemResponse } from "./problem.ts";
import { layoutZip } from "./zip/layout.ts";

export interface RespondOptions {
  readonly plan: Plan;
  /** The archive's name as it was asked for; default "archive". */
  readonly name?: string | undefined;
  /** Value of `Cache-Control`. */
  readonly cacheControl: string;
  /** The archive's bytes; called only if the response has a body. */
  readonly open: (range: ByteRange) => Promise<ReadableStream<Uint8Array>>;
}

/**
 * The response to a GET or HEAD for an archive, as RFC 9110 has it for a static file: 200 or 206 with
 * its exact length, 304, 412 or 416. Rejects with what `open` rejects with.
 */
export async function respond(request: Request, options: RespondOptions): Promise<Response> {
  const { plan, open } = options;
  const { length, etag } = layoutZip(plan);
  const validators = { etag, lastModified: lastModified(plan) };
  const headers = {
    ETag: etag,
    "Last-Modified": validators.lastModified.toUTCString(),
    "Cache-Control": options.cacheControl,
    "Accept-Ranges": "bytes",
    "X-Content-Type-Options": "nosniff",
  };

  const precondition = checkPreconditions(request.headers, validators);
  if (precondition === 304) return new Response(null, { status: 304, headers });
  if (precondition === 412) {
    return problemResponse(
      new ZiplinkError("precondition_failed", "The archive is not the one you asked for."),
      { ETag: etag },
    );
  }
  const range = requestedRange(request, length, validators);
  if (range === "unsatisfiable") {
    return problemResponse(
      new ZiplinkError("range_not_satisfiable", `The archive has ${length} bytes.`, {
        details: { length },
      }),
      { "Content-Range": `bytes */${length}`, "Accept-Ranges": "bytes" },
    );
  }
  const { start, end } = range ?? { start: 0, end: length };
  return new Response(request.method === "HEAD" ? null : await open({ start, end }), {
    status: range ? 206 : 200,
    headers: {
      ...headers,
      "Content-Type": "application/zip",
      "Content-Length": String(end - start),
      "Content-Disposition": contentDisposition(downloadName(options.name)),
      ...(range ? { "Content-Range": `bytes ${start}-${end - 1}/${length}` } : {}),
    },
  });
}

/** A file name for the download: safe on every system, and ending in ".zip". */
export function downloadName(name = "archive"): string {
  const base = safeSegment(name.replace(/\.zip$/i, ""));
  return `${safeSegment(base.slice(0, 200))}.zip`;
}

/** The range to send, for a GET alone: RFC 9110, 14.2 defines it for no other method. */
function requestedRange(request: Request, length: number, validators: Validators) {
  if (request.method !== "GET" || !rangeIsCurrent(request.headers, validators)) return undefined;
  return parseRange(request.headers.get("Range"), length);
}

/** When any object last changed; never later than now (RFC 9110, 8.8.2.1), in whole seconds. */
function lastModified({ entries }: Plan): Date {
  let latest = 0;
  for (const { blob } of entries) latest = Math.max(latest, blob.modified.getTime());
  return new Date(Math.floor(Math.min(latest, Date.now()) / 1000) * 1000);
}
