import * as z from "zod/mini";
import type { ServiceLimits } from "../protection/limits.ts";
import { integer } from "./environment.ts";

/** What a service protects itself by. */
export interface Protection extends ServiceLimits {
  /** How many addresses proxies in front add to `X-Forwarded-For`; 0 where none is to be believed. */
  readonly trustedProxies: number;
}

/**
 * Sane for one process on a common machine. A principal's rate is above what a download in slices needs:
 * at 1 Gbit/s, slices of 16 MiB are 450 requests a minute, and slices of 1.25 MB 6,000.
 */
export const defaultProtection: Protection = {
  maxActive: 500,
  maxActivePerCaller: 100,
  requestsPerMinute: 60_000,
  requestsPerMinutePerCaller: 6_000,
  trustedProxies: 0,
};

/** A number of which 0 means that there is no limit. */
const limit = (fallback: number) =>
  z._default(
    z.pipe(
      integer(0),
      z.transform((count: number) => count || Infinity),
    ),
    fallback,
  );

const schema = z.object({
  MAX_ACTIVE_DOWNLOADS: limit(defaultProtection.maxActive),
  MAX_ACTIVE_PER_CALLER: limit(defaultProtection.maxActivePerCaller),
  REQUESTS_PER_MINUTE: limit(defaultProtection.requestsPerMinute),
  REQUESTS_PER_MINUTE_PER_CALLER: limit(defaultProtection.requestsPerMinutePerCaller),
  TRUSTED_PROXIES: z._default(integer(0, 10), defaultProtection.trustedProxies),
});

/** The settings that are about limits. */
export const protectionSettings = schema.shape;

/** The limits of these settings. */
export function toProtection(data: z.infer<typeof schema>): Protection {
  return {
    maxActive: data.MAX_ACTIVE_DOWNLOADS,
    maxActivePerCaller: data.MAX_ACTIVE_PER_CALLER,
    requestsPerMinute: data.REQUESTS_PER_MINUTE,
    requestsPerMinutePerCaller: data.REQUESTS_PER_MINUTE_PER_CALLER,
    trustedProxies: data.TRUSTED_PROXIES,
  };
}
