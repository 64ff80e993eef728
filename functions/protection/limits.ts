/// <reference path="./rate-limiter-flexible.d.ts" />
import RateLimiterMemory from "rate-limiter-flexible/lib/RateLimiterMemory.js";
import RateLimiterRes from "rate-limiter-flexible/lib/RateLimiterRes.js";
import { ZiplinkError } from "../../core/errors.ts";
import type { Principal } from "../../core/http/audit.ts";

/** How much this process serves at once and per minute. `Infinity` means no limit. */
export interface ServiceLimits {
  /** Concurrent downloads, and requests that may become one, of all principals together. */
  readonly maxActive: number;
  /** The same for one principal. */
  readonly maxActivePerCaller: number;
  /** Requests per minute of all principals together. */
  readonly requestsPerMinute: number;
  /** Requests per minute of one principal, and of one client address where addresses are known. */
  readonly requestsPerMinutePerCaller: number;
}

/** Counts requests and downloads. Rejects with `too_many_requests`, which says when to try again. */
export interface Gate {
  /** Admits an authenticated principal. The returned function releases its slot, once. */
  enter(principal: Principal): Promise<() => void>;
  /** Counts a request from a client address, before it is authenticated. */
  count(address: string): Promise<void>;
}

/** Suggested wait for a slot. When one becomes free is unknown; asking this often is enough. */
const BUSY_MS = 5_000;

/**
 * Creates limits for this process; nothing is shared with other processes. A principal over one of its
 * own limits takes nothing from the shared limit of the same kind.
 */
export function createGate(limits: ServiceLimits): Gate {
  const { maxActive, maxActivePerCaller } = limits;
  const perPrincipal = createRate(limits.requestsPerMinutePerCaller);
  const perAddress = createRate(limits.requestsPerMinutePerCaller);
  const together = createRate(limits.requestsPerMinute);
  const activeOf = new Map<string, number>();
  let active = 0;

  return {
    async enter(principal) {
      const key = keyOf(principal);
      await perPrincipal(key);
      await together("");
      const own = activeOf.get(key) ?? 0;
      if (own >= maxActivePerCaller) throw tooMany("Too many downloads at once.", BUSY_MS);
      if (active >= maxActive) throw tooMany("The service is busy.", BUSY_MS);
      activeOf.set(key, own + 1);
      active++;
      let isInside = true;
      return () => {
        if (!isInside) return;
        isInside = false;
        active--;
        const left = (activeOf.get(key) ?? 0) - 1;
        if (left > 0) activeOf.set(key, left);
        else activeOf.delete(key);
      };
    },
    count: perAddress,
  };
}

/**
 * Returns the key of a principal: the link's subject, else the link itself, or the caller if there is
 * no link. Prefixes keep the three namespaces apart.
 */
function keyOf({ link, subject }: Principal): string {
  if (link === undefined) return `caller ${subject}`;
  return subject === undefined ? `link ${link}` : `subject ${subject}`;
}

function createRate(points: number): (key: string) => Promise<void> {
  if (points === Infinity) return async () => undefined;
  const limiter = new RateLimiterMemory({ points, duration: 60 });
  return async (key) => {
    try {
      await limiter.consume(key);
    } catch (rejection) {
      if (!(rejection instanceof RateLimiterRes)) throw rejection;
      throw tooMany("Too many requests per minute.", rejection.msBeforeNext);
    }
  };
}

function tooMany(what: string, retryAfterMs: number): ZiplinkError {
  // At least one second: a wait of 0 would invite an immediate retry.
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new ZiplinkError("too_many_requests", `${what} Try again in ${seconds} seconds.`, {
    retryAfterMs: seconds * 1000,
  });
}
