import type { BlobSource } from "../blob-source.ts";
import type { CrcKnowledge } from "../crc/crc-knowledge.ts";
import { ZiplinkError } from "../errors.ts";
import type { ArchiveSpec } from "../planning/archive-spec.ts";
import { streamZip } from "../stream-zip.ts";
import type { ReadAheadPool } from "../streaming/read-ahead-pool.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import { describeFailure, type Principal } from "./audit.ts";
import { observeEnd, prime } from "./body.ts";
import type { RequestScope } from "./request-scope.ts";
import { type ArchiveQuery, type ResponseLimits, respond } from "./respond.ts";

/** What all archives of a service are sent with. */
export interface ResponseOptions {
  /** `Cache-Control` of archives. */
  readonly cacheControl: string;
  /** What the platform lets through in one response. */
  readonly responseLimits: ResponseLimits;
  /** What downloads learn of checksums; shared by all of one source. */
  readonly crcs: CrcKnowledge;
  /** The room for reading ahead; shared by all downloads of the process. */
  readonly readAhead: ReadAheadPool;
}

/**
 * What of a request a download depends on; its end is the download's. A signal that is aborted with
 * a `ZiplinkError` is a failure of ours, such as a platform's deadline; with anything else the
 * client left.
 */
export type DownloadQuery = ArchiveQuery & Pick<Request, "signal">;

/** One archive to send. */
export interface SendOptions {
  /** What was asked for; the download's name and pin are from it. */
  readonly spec: ArchiveSpec;
  /** What it has come to. */
  readonly plan: Plan;
  /** Where its objects are read. */
  readonly source: BlobSource;
  /** Whom the audit log names. */
  readonly principal: Principal;
  /** Since when its time counts, and where its audit lines go. */
  readonly scope: RequestScope;
  /** Called if the download fails once it has begun. */
  readonly onFailed?: () => void;
}

/**
 * The response to `request` for a planned archive, with its audit lines: one when the download starts
 * and one when it ends. Rejects with what `respond` refuses, and with what goes wrong before the first
 * byte.
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
      const stream = await prime(streamZip(plan, source, { ...range, crcs, readAhead, signal }));
      const download = {
        ...principal,
        entries: plan.entries.length,
        ...(range ? { length: layoutZip(plan).length, range } : {}),
      };
      audit({ event: "download_started", ...download, firstByteMs: elapsedMs() });
      return observeEnd(stream, (ending, sent, error) => {
        // An abort reaches the stream as an error too, and may do so first.
        const isOurs = signal.reason instanceof ZiplinkError;
        const ended = isOurs ? "failed" : "aborted";
        const outcome = signal.aborted ? ended : ending;
        // What was planned is no worse for an abort, whoever's it is.
        if (outcome === "failed" && !isOurs) onFailed?.();
        audit({
          event: "download_ended",
          ...download,
          outcome,
          sent,
          durationMs: elapsedMs(),
          ...(outcome === "failed"
            ? { failure: describeFailure(isOurs ? signal.reason : error) }
            : {}),
        });
      });
    },
  });
}
