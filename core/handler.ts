import { type Audit, describeFailure } from "./audit.ts";
import type { BlobSource } from "./blob-source.ts";
import { observeEnd, prime } from "./body.ts";
import { ZiplinkError } from "./errors.ts";
import { type Link, verifyLink } from "./link.ts";
import type { Plan } from "./plan.ts";
import { type PlanLimits, planArchive } from "./plan-archive.ts";
import { problemResponse } from "./problem.ts";
import { downloadName, respond } from "./respond.ts";
import { streamZip } from "./stream-zip.ts";
import type { ZipFormat } from "./zip/format.ts";
import { layoutZip } from "./zip/layout.ts";

export interface HandlerOptions {
  readonly source: BlobSource;
  /** From `linkKey`. */
  readonly linkKey: Uint8Array;
  readonly limits: PlanLimits;
  readonly format: ZipFormat;
  /** `Cache-Control` of archives. */
  readonly cacheControl: string;
  readonly audit: Audit;
}

/** Answers a request for the archive of the link whose token is given. Never rejects. */
export type ArchiveHandler = (request: Request, token: string) => Promise<Response>;

/**
 * Joins the stages: link, plan, layout, bytes, response. Nothing behind it sees the request.
 */
export function createHandler(options: HandlerOptions): ArchiveHandler {
  return async (request, token) => {
    let link: Link | undefined;
    try {
      link = await verifyLink(token, options.linkKey);
      const { source, limits, format } = options;
      const plan = await planArchive(link.request, source, {
        limits,
        format,
        signal: request.signal,
      });
      return wantsJson(request)
        ? describePlan(request, link, plan, options)
        : await sendArchive(request, link, plan, options);
    } catch (cause) {
      const error = request.signal.aborted
        ? new ZiplinkError("aborted", "The client left.", { cause })
        : cause;
      const response = problemResponse(error);
      options.audit({
        event: "request_refused",
        ...(link ? { link: link.id } : {}),
        status: response.status,
        failure: describeFailure(error),
      });
      return response;
    }
  };
}

function sendArchive(
  request: Request,
  link: Link,
  plan: Plan,
  { source, cacheControl, audit }: HandlerOptions,
): Promise<Response> {
  return respond(request, {
    plan,
    name: link.request.name,
    cacheControl,
    async open(range) {
      const started = performance.now();
      const stream = await prime(streamZip(plan, source, { ...range, signal: request.signal }));
      const download = {
        link: link.id,
        ...(link.subject === undefined ? {} : { subject: link.subject }),
        entries: plan.entries.length,
        length: layoutZip(plan).length,
        range,
      };
      audit({ event: "download_started", ...download });
      return observeEnd(stream, (outcome, sent, error) => {
        audit({
          event: "download_ended",
          ...download,
          // An abort reaches the stream as an error too, and may do so first.
          outcome: request.signal.aborted ? "aborted" : outcome,
          sent,
          durationMs: Math.round(performance.now() - started),
          ...(outcome === "failed" && !request.signal.aborted
            ? { failure: describeFailure(error) }
            : {}),
        });
      });
    },
  });
}

function wantsJson(request: Request): boolean {
  return new URL(request.url).searchParams.get("format") === "json";
}

/** What the archive is to hold, for programs: no keys, only the names that the ZIP shows anyway. */
function describePlan(
  request: Request,
  link: Link,
  plan: Plan,
  { cacheControl }: HandlerOptions,
): Response {
  const { length, etag } = layoutZip(plan);
  const description = {
    filename: downloadName(link.request.name),
    length,
    etag,
    expires: link.expires,
    entries: plan.entries.map(({ name, blob }) => ({
      name,
      size: blob.size,
      modified: blob.modified,
    })),
  };
  return new Response(request.method === "HEAD" ? null : JSON.stringify(description), {
    headers: {
      "Content-Type": "application/json",
      "Cache-Control": cacheControl,
      "X-Content-Type-Options": "nosniff",
    },
  });
}
