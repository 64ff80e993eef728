import type { BlobSource } from "../blob-source.ts";
import type { CrcKnowledge } from "../crc/crc-knowledge.ts";
import type { ArchiveSpec } from "../planning/archive-spec.ts";
import { openZip } from "../stream-zip.ts";
import type { ReadAheadPool } from "../streaming/read-ahead-pool.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import { describeFailure, type Principal } from "./audit.ts";
import type { RequestScope } from "./request-scope.ts";
import { type ArchiveQuery, type ResponseLimits, respond } from "./respond.ts";

/** Options that apply to all archives of a service. */
export interface ResponseOptions {
  /** Value of `Cache-Control` for archives. */
  readonly cacheControl: string;
  /** The platform's limits of one response. */
  readonly responseLimits: ResponseLimits;
  /** Checksums that downloads learn, shared by all downloads of one source. */
  readonly crcs: CrcKnowledge;
  /** Room for reading ahead, shared by all downloads of the process. */
  readonly readAhead: ReadAheadPool;
}

/**
 * The parts of a request that a download depends on; aborting its signal ends the download. If the signal's
 * reason is a `ZiplinkError`, such as a platform's deadline, the download has failed on our side; otherwise
 * the client left.
 */
export type DownloadQuery = ArchiveQuery & Pick<Request, "signal">;

/** One archive to send. */
export interface SendOptions {
  /** The requested spec, for the download's name and pin. */
  readonly spec: ArchiveSpec;
  /** The archive's plan. */
  readonly plan: Plan;
  /** The source that the archive's objects are read from. */
  readonly source: BlobSource;
  /** The principal for the audit log. */
  readonly principal: Principal;
  /** The scope of the request: its start, and its audit. */
  readonly scope: RequestScope;
  /** Called if the download fails after it has started. */
  readonly onFailed?: () => void;
}

/**
 * Returns the response to `request` for a planned archive, and writes an audit event when the download
 * starts and another when it ends. Rejects as `respond` does, and with any error before the first byte.
 */
export async function sendArchive(
  request: DownloadQuery,
  { spec, plan, source, principal, scope, onFailed }: SendOptions,
  options: ResponseOptions,
): Promise<Response> {
  const { cacheControl, responseLimits, crcs, readAhead } = options;
  const { began, audit } = scope;
  const { signal } = request;
  const elapsedMs = () => Math.round(performance.now() - began);
  return respond(request, {
    plan,
    name: spec.name,
    isPinned: spec.etag !== undefined,
    cacheControl,
    responseLimits,
    async open(range) {
      const body = openZip(plan, source, { ...range, crcs, readAhead, signal });
      await body.prime();
      const release = scope.hold();
      const download = {
        ...principal,
        entries: plan.entries.length,
        ...(plan.missing && { missing: plan.missing }),
        ...(range ? { length: layoutZip(plan).length, range } : {}),
      };
      audit({ event: "download_started", ...download, firstByteMs: elapsedMs() });
      body.onEnd(({ outcome, sent, error }) => {
        release();
        // An abort, from either side, says nothing against the plan.
        if (outcome === "failed" && !signal.aborted) onFailed?.();
        audit({
          event: "download_ended",
          ...download,
          outcome,
          sent,
          durationMs: elapsedMs(),
          ...(outcome === "failed" ? { failure: describeFailure(error) } : {}),
        });
      });
      return body.readable;
    },
  });
}
