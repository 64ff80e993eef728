/// <reference path="./rate-limiter-flexible.d.ts" />
import RateLimiterMemory from "rate-limiter-flexible/lib/RateLimiterMemory.js";
import RateLimiterRes from "rate-limiter-flexible/lib/RateLimiterRes.js";
import { ZiplinkError } from "../../core/errors.ts";
import type { Principal } from "../../core/http/audit.ts";

/** How much is served at once and in a minute, by this process. `Infinity` where there is no limit. */
export interface ServiceLimits {
  /** Downloads, and requests that may become one, of all parties together. */
  readonly maxActive: number;
  /** Those of one principal. */
  readonly maxActivePerCaller: number;
  /** Requests of all parties together. */
  readonly requestsPerMinute: number;
  /** Requests of one principal; and of one address, where addresses are known. */
  readonly requestsPerMinutePerCaller: number;
}

/** Counts who asks for how much. Rejects with `too_many_requests`, and says when to come again. */
export interface Gate {
  /** Lets a principal in that has proved who it is. The result gives its place back, once. */
  enter(principal: Principal): Promise<() => void>;
  /** Counts a request of an address, whoever sends it. */
  count(address: string): Promise<void>;
}

/** When a place becomes free nobody knows; this is often enough to ask. */
const BUSY_MS = 5_000;

/**
 * Limits for this process: nothing is shared with others. A principal that is over its own limit takes
 * nothing of what all have together.
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

/** Whom a link is for; else the link itself, or the caller where there is none. None is another. */
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
      throw tooMany("Too many requests in a minute.", rejection.msBeforeNext);
    }
  };
}

function tooMany(what: string, retryAfterMs: number): ZiplinkError {
  // A wait of no time at all would be no wait.
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1000));
  return new ZiplinkError("too_many_requests", `${what} Try again in ${seconds} seconds.`, {
    retryAfterMs: seconds * 1000,
  });
}
