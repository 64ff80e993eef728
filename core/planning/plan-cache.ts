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
   * Plans a verified link's spec. A plan that is being made is shared by everyone who asks for it, and
   * abandoned when `signal` has aborted for all of them. Rejects as `planArchive`, and with the
   * signal's reason.
   *
   * @param token the link's; only a digest of its header and payload is kept, as one claim can have many
   *   valid signatures
   */
  plan(token: string, spec: ArchiveSpec, signal?: AbortSignal): Promise<FoundPlan>;
  /** Makes the next `plan` look again, because an object turned out to have changed. */
  forget(token: string): void;
}

/** The plan for a link. */
export interface FoundPlan {
  /** The link's archive as it is, or was when it was planned. */
  readonly plan: Plan;
  /** Whether the plan was remembered, so that an object may have changed since. */
  readonly isReused: boolean;
}

/** Estimated memory of all remembered plans together. */
const MAX_CACHED_BYTES = 100 * 1024 * 1024;

/** Memory of an entry besides its strings. */
const ENTRY_BYTES = 300;

/** Refusals that are remembered at most. */
const MAX_REFUSALS = 10_000;

/**
 * Refusals that the next request would get again, after as much work: to count the objects beyond a
 * limit takes a hundred listings. What is missing, or a store's failure, may pass and is looked up again.
 */
const LASTING: ReadonlySet<ErrorCode> = new Set([
  "too_many_entries",
  "too_large",
  "not_deflatable",
]);

/**
 * Makes plans and remembers them, up to about 100 MiB of them. A failure is not remembered, but for
 * an archive that is beyond a limit, which is refused again without a look at the store.
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

/** Tokens are secrets: a memory dump need not show them all. */
function identify(token: string): string {
  const signature = token.lastIndexOf(".");
  const signed = signature === -1 ? token : token.slice(0, signature);
  return createHash("sha256").update(signed).digest("base64url");
}
