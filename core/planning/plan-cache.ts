import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { SharedWork } from "../async/shared-work.ts";
import { type ErrorCode, ZiplinkError } from "../errors.ts";
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
   * Returns the plan of a verified link's spec. Concurrent calls for the same link share the work, which is
   * given up once the `signal` of every call has aborted. Rejects as `planArchive` does, and with the signal's
   * reason.
   *
   * @param token the link's token. Only a digest of its header and payload is kept, as the same claims can have
   *   many valid signatures
   */
  plan(token: string, spec: ArchiveSpec, signal?: AbortSignal): Promise<FoundPlan>;
  /** Removes a link's plan, for example because an object has changed; the next `plan` makes a new one. */
  forget(token: string): void;
}

/** The plan for a link. */
export interface FoundPlan {
  /** The plan of the link's archive. */
  readonly plan: Plan;
  /** Whether the plan comes from the cache, so that objects may have changed since it was made. */
  readonly isReused: boolean;
}

/** Maximum memory of all cached plans together, as estimated, in bytes. */
const MAX_CACHED_BYTES = 100 * 1024 * 1024;

/** Estimated memory of an entry without its strings, in bytes. */
const ENTRY_BYTES = 300;

/** Maximum number of cached refusals. */
const MAX_REFUSALS = 10_000;

/**
 * The errors that are cached: the next request would fail in the same way after as much work, as counting
 * the objects beyond a limit takes a hundred listings. Missing objects and failures of the store may be
 * temporary and are looked up again.
 */
const LASTING: ReadonlySet<ErrorCode> = new Set([
  "too_many_entries",
  "too_large",
  "not_deflatable",
]);

/**
 * Creates a planner that caches up to about 100 MiB of plans. Failures are not cached, except for archives
 * that exceed a limit, which are refused again without asking the store.
 */
export function createPlanner({ plan: make, cacheSeconds }: PlannerOptions): Planner {
  const ttl = Math.max(1, cacheSeconds * 1000);
  const plans = new LRUCache<string, Plan>({
    ttl,
    maxSize: MAX_CACHED_BYTES,
    sizeCalculation: estimateBytes,
  });
  const refusals = new LRUCache<string, ZiplinkError>({ ttl, max: MAX_REFUSALS });
  const underWay = new Map<string, SharedWork<Plan>>();

  return {
    async plan(token, spec, signal) {
      signal?.throwIfAborted(); // first: planning that nobody waits for would stay in `underWay`
      const id = identify(token);
      const known = plans.get(id);
      if (known) return { plan: known, isReused: true };
      const refusal = refusals.get(id);
      if (refusal) throw refusal;
      const current = underWay.get(id);
      const planning =
        current && !current.isGivenUp
          ? current
          : new SharedWork((givenUp) => make(spec, { signal: givenUp }));
      underWay.set(id, planning);
      try {
        const plan = await planning.wait(signal);
        if (cacheSeconds > 0) plans.set(id, plan);
        return { plan, isReused: false };
      } catch (error) {
        const isLasting = error instanceof ZiplinkError && LASTING.has(error.code);
        if (isLasting && cacheSeconds > 0) refusals.set(id, error);
        throw error;
      } finally {
        // The last caller to stop waiting removes it, unless a newer one has taken its place.
        if (planning.isGivenUp && underWay.get(id) === planning) underWay.delete(id);
      }
    },
    forget(token) {
      plans.delete(identify(token));
    },
  };
}

function estimateBytes({ entries }: Plan): number {
  let bytes = 1;
  for (const { name, blob } of entries) bytes += ENTRY_BYTES + name.length + blob.key.length;
  return bytes;
}

/** Hashes a token. Tokens are secrets, and a memory dump should not reveal all of them. */
function identify(token: string): string {
  const signature = token.lastIndexOf(".");
  const signed = signature === -1 ? token : token.slice(0, signature);
  return createHash("sha256").update(signed).digest("base64url");
}
