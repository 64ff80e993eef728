import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { SharedWork } from "../async/shared-work.ts";
import type { Plan } from "../zip/plan.ts";
import type { ArchiveSpec } from "./archive-spec.ts";

/** How plans are made, and for how long they hold. */
export interface PlannerOptions {
  /** Makes the plan of a spec, as `planArchive` does; it ends when its signal aborts. */
  readonly plan: (spec: ArchiveSpec, options: { readonly signal: AbortSignal }) => Promise<Plan>;
  /** How long a plan is used again, in seconds; 0 for never. */
  readonly cacheSeconds: number;
}

/** Plans by token, each used again for a short while: slices of an archive then list nothing. */
export interface Planner {
  /**
   * The plan of a verified token's spec. One that is being made is waited for by all who want it,
   * and given up when `signal` has aborted for all of them. Rejects as `planArchive`, and with the
   * signal's reason.
   */
  plan(token: string, spec: ArchiveSpec, signal?: AbortSignal): Promise<FoundPlan>;
  /** Makes the next `plan` look again, as an object has turned out to be another one. */
  forget(token: string): void;
}

/** A plan for a link. */
export interface FoundPlan {
  /** What the link's archive is, or was when it was planned. */
  readonly plan: Plan;
  /** Whether it is one that was remembered, so that an object may have changed since. */
  readonly isReused: boolean;
}

/** Entries of all remembered plans together; each takes about half a kilobyte. */
const MAX_CACHED_ENTRIES = 200_000;

/** Plans as they are made, up to 200,000 entries of them remembered; one that fails is not. */
export function createPlanner({ plan: make, cacheSeconds }: PlannerOptions): Planner {
  const cache = new LRUCache<string, Plan>({
    ttl: Math.max(1, cacheSeconds * 1000),
    maxSize: MAX_CACHED_ENTRIES,
    sizeCalculation: ({ entries }) => entries.length,
  });
  const underWay = new Map<string, SharedWork<Plan>>();

  return {
    async plan(token, spec, signal) {
      signal?.throwIfAborted(); // what is under way is taken away by who waits for it
      const id = identify(token);
      const known = cache.get(id);
      if (known) return { plan: known, isReused: true };
      const current = underWay.get(id);
      const planning =
        current && !current.isGivenUp
          ? current
          : new SharedWork((givenUp) => make(spec, { signal: givenUp }));
      underWay.set(id, planning);
      try {
        const plan = await planning.wait(signal);
        if (cacheSeconds > 0) cache.set(id, plan);
        return { plan, isReused: false };
      } finally {
        // It goes with the last who waited; another may have taken its place by then.
        if (planning.isGivenUp && underWay.get(id) === planning) underWay.delete(id);
      }
    },
    forget(token) {
      cache.delete(identify(token));
    },
  };
}

/** Tokens are secrets: a memory dump need not show them all. */
function identify(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
