import type { BlobSource } from "../blob-source.ts";
import { ZiplinkError } from "../errors.ts";
import { formatBytes } from "../input/quantities.ts";
import type { ArchiveSpec } from "../planning/archive-spec.ts";
import { type PlanLimits, planArchive } from "../planning/plan-archive.ts";
import { createPlanner, type Planner } from "../planning/plan-cache.ts";
import type { InlineEntry } from "../source/inline-entries.ts";
import { type ResilienceOptions, ResilientSource } from "../source/resilience/resilient-source.ts";
import type { ZipFormat } from "../zip/format.ts";
import { layoutZip } from "../zip/layout.ts";
import type { Plan } from "../zip/plan.ts";
import type { Audit } from "./audit.ts";
import { unrestrictedScope } from "./request-scope.ts";
import {
  type DownloadQuery,
  type ResponseOptions,
  type SendOptions,
  sendArchive,
} from "./send-archive.ts";

/** What the archives of one source are planned and sent by. */
export interface ResolvedArchivesOptions extends ResponseOptions {
  /** Where the objects are. It is tried again when it fails, so it need not do that itself. */
  readonly source: BlobSource;
  /** How hard it is tried when the source fails. */
  readonly resilience?: ResilienceOptions;
  /** What one archive may hold; a request for more is refused as `planArchive` does. */
  readonly limits: PlanLimits;
  /** How archives are written, unless a spec asks for another compression. */
  readonly format: ZipFormat;
  /** How long the plan of a link is used again, in seconds; 0 for never. */
  readonly cacheSeconds: number;
  /** Entries that the application adds to those of a spec, behind them. Default: none. */
  readonly inlineEntries?: (spec: ArchiveSpec) => Promise<readonly InlineEntry[]>;
  /** Where audit lines go of what is sent without a scope of its own. */
  readonly audit: Audit;
}

/** The archives of one source, however they are asked for: by link or by a caller. */
export interface Archives {
  /** Plans of links, which are remembered for a while. */
  readonly byLink: Planner;
  /** A plan that is made now and for once. Rejects as `planArchive`. */
  plan(spec: ArchiveSpec, options?: PlanNow): Promise<Plan>;
  /**
   * The response to `request`; see `sendArchive`. To one that is no GET or HEAD it is the archive as a
   * whole: conditions and ranges are about a resource, and what a POST is answered with is none (RFC
   * 9110, 9.3.3). Rejects with what goes wrong before the first byte, a POST's with `too_large` too.
   */
  send(request: DownloadQuery, sendOptions: ArchiveSendOptions): Promise<Response>;
}

/** One archive to send. The scope is by default one that lets everybody in, and begins now. */
export type ArchiveSendOptions = Omit<SendOptions, "source" | "scope"> &
  Partial<Pick<SendOptions, "scope">>;

/** How one plan is made, where it is not as all others. */
export interface PlanNow {
  /** Default: those of all archives. */
  readonly limits?: PlanLimits;
  /** Aborting it ends the planning; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

const READING: readonly string[] = ["GET", "HEAD"];

/**
 * Archives of `options.source`, each download with a budget of failures of its own; the circuit
 * breaker and the remembered plans are shared by all of them.
 */
export function archivesOf(options: ResolvedArchivesOptions): Archives {
  const { limits, format, cacheSeconds } = options;
  const store = new ResilientSource(options.source, options.resilience);
  const plan = async (spec: ArchiveSpec, now: PlanNow = {}) => {
    const inlineEntries = (await options.inlineEntries?.(spec)) ?? [];
    return planArchive(spec, store.forDownload(), { limits, format, inlineEntries, ...now });
  };
  return {
    byLink: createPlanner({ plan, cacheSeconds }),
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

/** A pinned link is for one archive and never gives another one, whatever the client asks. */
export function assertPinned({ etag }: ArchiveSpec, plan: Plan): void {
  if (etag === undefined || etag === layoutZip(plan).etag) return;
  throw new ZiplinkError(
    "precondition_failed",
    "The contents have changed since this link was made. Ask for a new link.",
  );
}

/** Of a compressed archive, whose length nobody knows yet, `respond` sees to it. */
function assertFits(plan: Plan, limit: number): void {
  const { length } = layoutZip(plan);
  if (length <= limit || plan.format.compression === "deflate") return;
  throw new ZiplinkError(
    "too_large",
    `This archive has ${formatBytes(length)}; here one response can have ${formatBytes(limit)}. ` +
      "Make a link to it, and ask for it in ranges.",
    { details: { limit, total: length } },
  );
}
