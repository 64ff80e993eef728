/// <reference path="./rate-limiter-flexible.d.ts" />
import RateLimiterMemory from "rate-limiter-flexible/lib/RateLimiterMemory.js";
import RateLimiterRes from "rate-limiter-flexible/lib/RateLimiterRes.js";
import { FairShare } from "../../core/async/fair-share.ts";
import { ZiplinkError } from "../../core/errors.ts";
import type { Principal } from "../../core/http/audit.ts";

/** How much this process serves at once and per minute. `Infinity` means no limit. */
export interface ServiceLimits {
  /** Concurrent downloads, and requests that may become one, of all principals together. */
  readonly maxActive: number;
  /** The same for one principal: a caller, a link, or a subject of one caller's links. */
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

/** How many times the free slots the links of one caller may hold together: 400 of 500 if nobody else does. */
const GROUP_RATIO = 4;

/** The part of all requests per minute that the links of one caller may have together. */
const GROUP_RATE = 0.8;

/**
 * Creates limits for this process; nothing is shared with other processes. A principal over one of its
 * own limits takes nothing from the shared limit of the same kind.
 */
export function createGate(limits: ServiceLimits): Gate {
  const { maxActive, maxActivePerCaller, requestsPerMinute, requestsPerMinutePerCaller } = limits;
  const groupRate = Math.max(requestsPerMinutePerCaller, Math.ceil(requestsPerMinute * GROUP_RATE));
  const perPrincipal = createRate(requestsPerMinutePerCaller);
  const perGroup = createRate(groupRate);
  const perAddress = createRate(requestsPerMinutePerCaller);
  const together = createRate(requestsPerMinute);
  const activeOf = new Map<string, number>();
  const slots = new FairShare(maxActive, GROUP_RATIO);

  return {
    async enter(principal) {
      const { key, group } = keysOf(principal);
      await perPrincipal(key);
      if (group !== key) await perGroup(group);
      await together("");
      const own = activeOf.get(key) ?? 0;
      if (own >= maxActivePerCaller) throw tooMany("Too many downloads at once.", BUSY_MS);
      if (!slots.take(group, 1)) throw tooMany("The service is busy.", BUSY_MS);
      activeOf.set(key, own + 1);
      let isInside = true;
      return () => {
        if (!isInside) return;
        isInside = false;
        slots.give(group, 1);
        const left = (activeOf.get(key) ?? 0) - 1;
        if (left > 0) activeOf.set(key, left);
        else activeOf.delete(key);
      };
    },
    count: perAddress,
  };
}

/**
 * Returns the keys that a principal and its group are counted by. A link is counted by its subject, or else
 * by its id; its group are all links of the caller that created it. Callers choose subjects freely, so a
 * subject means nothing without the caller. Links without a caller, and callers themselves, are groups of
 * their own.
 */
function keysOf({ link, subject, caller }: Principal): {
  readonly key: string;
  readonly group: string;
} {
  // JSON keeps apart what plain text would not: `a b` and `c`, `a` and `b c`.
  const keyOf = (...parts: readonly (string | undefined)[]) => JSON.stringify(parts);
  if (link === undefined) {
    const key = keyOf("caller", subject);
    return { key, group: key };
  }
  const own = subject === undefined ? ["link", link] : ["subject", subject];
  if (caller === undefined) {
    const key = keyOf(...own);
    return { key, group: key };
  }
  return { key: keyOf(...own, "of", caller), group: keyOf("links of", caller) };
}

/** Window of the rates, which count requests per minute. */
const WINDOW_SECONDS = 60;

function createRate(points: number): (key: string) => Promise<void> {
  if (points === Infinity) return async () => undefined;
  const limiter = new RateLimiterMemory({ points, duration: WINDOW_SECONDS });
  return async (key) => {
    try {
      await limiter.consume(key);
    } catch (rejection) {
      if (!(rejection instanceof RateLimiterRes)) throw rejection;
      // Its time of day may jump; a window has 60 seconds.
      const wait = Math.min(Math.max(rejection.msBeforeNext, 0), WINDOW_SECONDS * 1000);
      throw tooMany("Too many requests per minute.", wait);
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
