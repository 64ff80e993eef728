import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { SharedWork } from "../async/shared-work.ts";
import type { Plan } from "../zip/plan.ts";
import type { ArchiveSpec } from "./archive-spec.ts";

/** Options of `createPlanner`. */
export interface PlannerOptions {
  /** Makes the plan of a spec, as `planArchive` does. Must end when its signal aborts. */
  readonly plan: (spec: ArchiveSpec, options: { readonly signal: AbortSignal }) => Promise<Plan>;
  /** How long a plan is reused, in seconds; 0 means never. */
  readonly cacheSeconds: number;
}

/** Makes plans and reuses each for a short while, so that later slices of an archive need no listing. */
export interface Planner {
  /**
   * Returns the plan of a verified token's spec. Concurrent calls for the same token share the work, which is
   * given up once the `signal` of every call has aborted. Rejects as `planArchive` does, and with the signal's
   * reason.
   */
  plan(token: string, spec: ArchiveSpec, signal?: AbortSignal): Promise<FoundPlan>;
  /** Removes a token's plan, for example because an object has changed; the next `plan` makes a new one. */
  forget(token: string): void;
}

/** The plan for a link. */
export interface FoundPlan {
  /** The plan of the link's archive. */
  readonly plan: Plan;
  /** Whether the plan comes from the cache, so that objects may have changed since it was made. */
  readonly isReused: boolean;
}

/** Maximum number of entries of all cached plans together; each takes about half a kilobyte. */
const MAX_CACHED_ENTRIES = 200_000;

/** Creates a planner that caches plans of up to 200,000 entries in total. Failures are not cached. */
export function createPlanner({ plan: make, cacheSeconds }: PlannerOptions): Planner {
  const cache = new LRUCache<string, Plan>({
    ttl: Math.max(1, cacheSeconds * 1000),
    maxSize: MAX_CACHED_ENTRIES,
    sizeCalculation: ({ entries }) => entries.length,
  });
  const underWay = new Map<string, SharedWork<Plan>>();

  return {
    async plan(token, spec, signal) {
      signal?.throwIfAborted(); // first: planning that nobody waits for would stay in `underWay`
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
        // The last caller to stop waiting removes it, unless a newer one has taken its place.
        if (planning.isGivenUp && underWay.get(id) === planning) underWay.delete(id);
      }
    },
    forget(token) {
      cache.delete(identify(token));
    },
  };
}

/** Hashes a token. Tokens are secrets, and a memory dump should not reveal all of them. */
function identify(token: string): string {
  return createHash("sha256").update(token).digest("base64url");
}
