import { type Audit, describeFailure } from "./audit.ts";
import type { BlobSource } from "./blob-source.ts";
import { observeEnd, prime } from "./body.ts";
import type { CrcKnowledge } from "./crc/crc-knowledge.ts";
import { type ErrorCode, toZiplinkError, ZiplinkError } from "./errors.ts";
import { type Link, verifyLink } from "./link.ts";
import type { Plan } from "./plan.ts";
import { createPlanner, type PlannerOptions } from "./planner.ts";
import { problemResponse } from "./problem.ts";
import type { ReadAheadPool } from "./read-ahead-pool.ts";
import { type ResilienceOptions, ResilientStore } from "./resilience/resilient-store.ts";
import { type DeliveryLimits, downloadName, respond } from "./respond.ts";
import { selectEntries } from "./select-entries.ts";
import { streamZip } from "./stream-zip.ts";
import { layoutZip } from "./zip/layout.ts";

export interface HandlerOptions extends Omit<PlannerOptions, "store"> {
  readonly source: BlobSource;
  /** How hard it is tried when the source fails. */
  readonly resilience?: ResilienceOptions;
  /** From `linkKey`. */
  readonly linkKey: Uint8Array;
  /** `Cache-Control` of archives. */
  readonly cacheControl: string;
  readonly delivery: DeliveryLimits;
  /** What downloads learn of checksums; shared by all of one source. */
  readonly crcs: CrcKnowledge;
  /** The room for reading ahead; shared by all downloads of the process. */
  readonly readAhead: ReadAheadPool;
  readonly audit: Audit;
}

/** Answers a request for the archive of the link whose token is given. Never rejects. */
export type ArchiveHandler = (request: Request, token: string) => Promise<Response>;

/**
 * Joins the stages: link, plan, layout, bytes, response. Nothing behind it sees the request.
 */
export function createHandler(options: HandlerOptions): ArchiveHandler {
  const store = new ResilientStore(options.source, options.resilience);
  const planner = createPlanner({ ...options, store });

  return async (request, token) => {
    let link: Link | undefined;
    try {
      link = await verifyLink(token, options.linkKey);
      return await answer(request, token, link);
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

  /** Conditions, ranges and limits of a response are refused where the response is made. */
  function auditRefusal({ status }: Response, link: Link): void {
    const code = refusals[status];
    if (code === undefined) return;
    const failure = { code, causes: [] };
    options.audit({ event: "request_refused", link: link.id, status, failure });
  }

  async function answer(request: Request, token: string, link: Link): Promise<Response> {
    const { plan: whole, isReused } = await planner.plan(token, link.request);
    assertPinned(link, whole);
    const { searchParams } = new URL(request.url);
    const plan = selectEntries(whole, searchParams);
    if (searchParams.get("format") === "json") return describePlan(request, link, plan, options);
    const forget = () => planner.forget(token);
    try {
      const source = store.forDownload();
      const response = await sendArchive(request, link, plan, source, options, forget);
      auditRefusal(response, link);
      return response;
    } catch (error) {
      if (isStale(error)) forget();
      // What the plan was made of is gone, and no byte is out yet: look again, once.
      if (isReused && isStale(error)) return answer(request, token, link);
      throw error;
    }
  }
}

const refusals: Readonly<Record<number, ErrorCode>> = {
  412: "precondition_failed",
  413: "too_large",
  416: "range_not_satisfiable",
};

/** A pinned link is for one archive and never gives another one, whatever the client asks. */
function assertPinned({ request }: Link, plan: Plan): void {
  if (request.etag === undefined || request.etag === layoutZip(plan).etag) return;
  throw new ZiplinkError(
    "precondition_failed",
    "The contents have changed since this link was made. Ask for a new link.",
  );
}

function isStale(error: unknown): boolean {
  const { code } = toZiplinkError(error);
  return code === "changed" || code === "not_found";
}

function sendArchive(
  request: Request,
  link: Link,
  plan: Plan,
  source: BlobSource,
  options: HandlerOptions,
  onFailed: () => void,
): Promise<Response> {
  const { cacheControl, delivery, crcs, readAhead, audit } = options;
  const { signal } = request;
  return respond(request, {
    plan,
    name: link.request.name,
    isPinned: link.request.etag !== undefined,
    cacheControl,
    delivery,
    async open(range) {
      const started = performance.now();
      const stream = await prime(streamZip(plan, source, { ...range, crcs, readAhead, signal }));
      const download = {
        link: link.id,
        ...(link.subject === undefined ? {} : { subject: link.subject }),
        entries: plan.entries.length,
        length: layoutZip(plan).length,
        range,
      };
      audit({ event: "download_started", ...download });
      return observeEnd(stream, (ending, sent, error) => {
        // An abort reaches the stream as an error too, and may do so first.
        const outcome = signal.aborted ? "aborted" : ending;
        if (outcome === "failed") onFailed();
        audit({
          event: "download_ended",
          ...download,
          outcome,
          sent,
          durationMs: Math.round(performance.now() - started),
          ...(outcome === "failed" ? { failure: describeFailure(error) } : {}),
        });
      });
    },
  });
}

/** What the archive is to hold, for programs: no keys, only the names that the ZIP shows anyway. */
function describePlan(
  request: Request,
  link: Link,
  plan: Plan,
  { cacheControl, delivery }: HandlerOptions,
): Response {
  const { length, etag } = layoutZip(plan);
  const description = {
    filename: downloadName(link.request.name),
    title: link.title,
    issuer: link.issuer,
    length,
    etag,
    // The longest range that one response can hold; null if there is no limit.
    slice: Number.isFinite(delivery.maxResponseBytes) ? delivery.maxResponseBytes : null,
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
