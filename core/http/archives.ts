import type { BlobSource } from "../blob-source.ts";
import { ZiplinkError } from "../errors.ts";
import { formatBytes } from "../input/quantities.ts";
import type { ArchiveSpec } from "../planning/archive-spec.ts";
import type { OnUnreadable } from "../planning/find-objects.ts";
import { planArchive } from "../planning/plan-archive.ts";
import { createPlanner, type Planner } from "../planning/plan-cache.ts";
import type { PlanLimits } from "../planning/plan-limits.ts";
import type { InlineEntry } from "../source/inline-entries.ts";
import { type ResilienceOptions, ResilientSource } from "../source/resilience/resilient-source.ts";
import type { ZipFormat } from "../zip/format.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import type { Audit } from "./audit.ts";
import { Renditions } from "./renditions.ts";
import { unrestrictedScope } from "./request-scope.ts";
import {
  type DownloadQuery,
  type ResponseOptions,
  type SendOptions,
  sendArchive,
} from "./send-archive.ts";

/** Options for planning and sending the archives of one source. */
export interface ResolvedArchivesOptions extends ResponseOptions {
  /** The source of the objects. Its failures are retried here, so it need not retry itself. */
  readonly source: BlobSource;
  /** How the source's failures are retried. */
  readonly resilience?: ResilienceOptions;
  /** Limits of one archive; a spec that exceeds them is refused as by `planArchive`. */
  readonly limits: PlanLimits;
  /** Format of the archives. A spec's `compression` overrides the format's. */
  readonly format: ZipFormat;
  /** Outcome for an archive of a prefix with unreadable objects; see `PlanOptions`. Default "fail". */
  readonly onUnreadable?: OnUnreadable;
  /** How long the plan of a link is reused, in seconds; 0 means never. */
  readonly cacheSeconds: number;
  /** Returns inline entries to append to those of a spec. Default: none. */
  readonly inlineEntries?: (spec: ArchiveSpec) => Promise<readonly InlineEntry[]>;
  /** Receives the audit events of archives that are sent without a scope. */
  readonly audit: Audit;
}

/** The archives of one source, requested by link or by a caller. */
export interface Archives {
  /** Plans for links, cached for a while. */
  readonly byLink: Planner;
  /** Pages and descriptions of links, each rendered once. */
  readonly renditions: Renditions;
  /** Makes a new plan, without a cache. Rejects as `planArchive` does. */
  plan(spec: ArchiveSpec, options?: PlanNow): Promise<Plan>;
  /**
   * Returns the response to `request`; see `sendArchive`. For methods other than GET and HEAD, it is always
   * the whole archive: preconditions and ranges apply to a resource, and the content of a response to POST is
   * not one (RFC 9110, 9.3.3). Rejects with any error before the first byte; for a POST, also with `too_large`
   * if the archive exceeds the limit of one response.
   */
  send(request: DownloadQuery, sendOptions: ArchiveSendOptions): Promise<Response>;
}

/** One archive to send. The default scope admits every principal and begins now. */
export type ArchiveSendOptions = Omit<SendOptions, "source" | "scope"> &
  Partial<Pick<SendOptions, "scope">>;

/** Options for a single plan. */
export interface PlanNow {
  /** Limits of this archive. Default: those of all archives. */
  readonly limits?: PlanLimits;
  /** Whether an error says which entries are missing; see `PlanOptions`. Default: it does not. */
  readonly namesMissing?: boolean;
  /** Aborts planning, which then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const READING: readonly string[] = ["GET", "HEAD"];

/**
 * Creates the archives of `options.source`. Each download has its own budget of failures; all of them share
 * the circuit breaker and the cached plans.
 */
export function archivesOf(options: ResolvedArchivesOptions): Archives {
  const { limits, format, cacheSeconds, onUnreadable } = options;
  const store = new ResilientSource(options.source, options.resilience);
  const plan = async (spec: ArchiveSpec, now: PlanNow = {}) => {
    const inlineEntries = (await options.inlineEntries?.(spec)) ?? [];
    const how = { limits, format, inlineEntries, onUnreadable, ...now };
    return planArchive(spec, store.forDownload(), how);
  };
  return {
    byLink: createPlanner({ plan, cacheSeconds }),
    renditions: new Renditions({ cacheSeconds }),
    plan,
    async send(request, sendOptions) {
      const { scope = unrestrictedScope(options.audit) } = sendOptions;
      const download = { ...sendOptions, scope, source: store.forDownload() };
      if (READING.includes(request.method)) return sendArchive(request, download, options);
      assertFits(sendOptions.plan, options.responseLimits.maxResponseBytes);
      const whole = { method: "GET", headers: new Headers(), signal: request.signal };
      const response = await sendArchive(whole, download, options);
      response.headers.set("Accept-Ranges", "none");
      return response;
    },
  };
}

/** Throws `precondition_failed` if the spec is pinned and the archive has changed, whatever the client asks for. */
export function assertPinned({ etag }: ArchiveSpec, plan: Plan): void {
  if (etag === undefined || etag === layoutZip(plan).etag) return;
  throw new ZiplinkError(
    "precondition_failed",
    "The contents have changed since this link was made. Ask for a new link.",
  );
}

/** Throws `too_large` for a longer archive. `respond` checks compressed ones, whose length is not known yet. */
function assertFits(plan: Plan, limit: number): void {
  const { length } = layoutZip(plan);
  if (length <= limit || plan.format.compression === "deflate") return;
  throw new ZiplinkError(
    "too_large",
    `This archive has ${formatBytes(length)}; a response can have at most ${formatBytes(limit)} here. ` +
      "Make a link to the archive and ask for it in ranges.",
    { details: { limit, total: length } },
  );
}
