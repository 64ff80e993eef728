import type { ArchiveRequest } from "./archive-request.ts";
import { type Audit, type AuditedParty, describeFailure } from "./audit.ts";
import type { BlobSource } from "./blob-source.ts";
import { observeEnd, prime } from "./body.ts";
import type { CrcKnowledge } from "./crc/crc-knowledge.ts";
import type { ErrorCode } from "./errors.ts";
import type { Plan } from "./plan.ts";
import type { ReadAheadPool } from "./read-ahead-pool.ts";
import { type ArchiveQuery, type DeliveryLimits, respond } from "./respond.ts";
import { streamZip } from "./stream-zip.ts";
import { layoutZip } from "./zip/layout.ts";

/** What all archives of a service are sent with. */
export interface DeliveryOptions {
  /** `Cache-Control` of archives. */
  readonly cacheControl: string;
  readonly delivery: DeliveryLimits;
  /** What downloads learn of checksums; shared by all of one source. */
  readonly crcs: CrcKnowledge;
  /** The room for reading ahead; shared by all downloads of the process. */
  readonly readAhead: ReadAheadPool;
  readonly audit: Audit;
}

/** What of a request a download depends on; its end is the download's. */
export type DownloadQuery = ArchiveQuery & Pick<Request, "signal">;

/** One archive to send. */
export interface Dispatch {
  readonly archive: ArchiveRequest;
  readonly plan: Plan;
  readonly source: BlobSource;
  /** Whom the audit log names. */
  readonly party: AuditedParty;
  /** Called if the download fails once it has begun. */
  readonly onFailed?: () => void;
}

/**
 * The response to `request` for a planned archive, with its audit lines: one when the download starts
 * and one when it ends, or one for what `respond` refuses. Rejects with what goes wrong before the
 * first byte.
 */
export async function sendArchive(
  request: DownloadQuery,
  { archive, plan, source, party, onFailed }: Dispatch,
  options: DeliveryOptions,
): Promise<Response> {
  const { cacheControl, delivery, crcs, readAhead, audit } = options;
  const { signal } = request;
  const response = await respond(request, {
    plan,
    name: archive.name,
    isPinned: archive.etag !== undefined,
    cacheControl,
    delivery,
    async open(range) {
      const started = performance.now();
      const stream = await prime(streamZip(plan, source, { ...range, crcs, readAhead, signal }));
      const download = {
        ...party,
        entries: plan.entries.length,
        ...(range ? { length: layoutZip(plan).length, range } : {}),
      };
      audit({ event: "download_started", ...download });
      return observeEnd(stream, (ending, sent, error) => {
        // An abort reaches the stream as an error too, and may do so first.
        const outcome = signal.aborted ? "aborted" : ending;
        if (outcome === "failed") onFailed?.();
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
  auditRefusal(response, party, audit);
  return response;
}

const refusals: Readonly<Record<number, ErrorCode>> = {
  412: "precondition_failed",
  413: "too_large",
  416: "range_not_satisfiable",
};

/** Conditions, ranges and limits of a response are refused where the response is made. */
function auditRefusal({ status }: Response, party: AuditedParty, audit: Audit): void {
  const code = refusals[status];
  if (code === undefined) return;
  audit({ event: "request_refused", ...party, status, failure: { code, causes: [] } });
}
