import type { ArchiveRequest } from "./archive-request.ts";
import type { BlobSource } from "./blob-source.ts";
import { ZiplinkError } from "./errors.ts";
import type { Plan } from "./plan.ts";
import { planArchive } from "./plan-archive.ts";
import { createPlanner, type Planner, type PlannerOptions } from "./planner.ts";
import { type ResilienceOptions, ResilientStore } from "./resilience/resilient-store.ts";
import {
  type DeliveryOptions,
  type Dispatch,
  type DownloadQuery,
  sendArchive,
} from "./send-archive.ts";
import { layoutZip } from "./zip/layout.ts";

export interface ArchivesOptions extends Omit<PlannerOptions, "store">, DeliveryOptions {
  readonly source: BlobSource;
  /** How hard it is tried when the source fails. */
  readonly resilience?: ResilienceOptions;
}

/** The archives of one source, however they are asked for: by link or by a caller. */
export interface Archives {
  /** Plans of links, which are remembered for a while. */
  readonly byLink: Planner;
  /** A plan that is made now and for once. Rejects as `planArchive`. */
  plan(request: ArchiveRequest, signal: AbortSignal): Promise<Plan>;
  /** The response to `request`; see `sendArchive`. */
  send(request: DownloadQuery, dispatch: Omit<Dispatch, "source">): Promise<Response>;
}

export function createArchives(options: ArchivesOptions): Archives {
  const { limits, format } = options;
  const store = new ResilientStore(options.source, options.resilience);
  return {
    byLink: createPlanner({ ...options, store }),
    async plan(request, signal) {
      const given = (await options.given?.(request)) ?? [];
      return planArchive(request, store.forDownload(), { limits, format, given, signal });
    },
    send: (request, dispatch) =>
      sendArchive(request, { ...dispatch, source: store.forDownload() }, options),
  };
}

/** A pinned link is for one archive and never gives another one, whatever the client asks. */
export function assertPinned({ etag }: ArchiveRequest, plan: Plan): void {
  if (etag === undefined || etag === layoutZip(plan).etag) return;
  throw new ZiplinkError(
    "precondition_failed",
    "The contents have changed since this link was made. Ask for a new link.",
  );
}
