import * as z from "zod/mini";
import type { ServiceLimits } from "../protection/limits.ts";
import { integer } from "./environment.ts";

/** Limits by which a service protects itself. */
export interface Protection extends ServiceLimits {
  /** Number of addresses that proxies in front add to `X-Forwarded-For`; 0 to trust none of them. */
  readonly trustedProxies: number;
}

/**
 * Suits one process on a typical machine. A principal's rate covers a download in slices: at 1 Gbit/s,
 * slices of 16 MiB take 450 requests per minute, and slices of 1.25 MB take 6,000.
 */
export const defaultProtection: Protection = {
  maxActive: 500,
  maxActivePerCaller: 100,
  requestsPerMinute: 60_000,
  requestsPerMinutePerCaller: 6_000,
  trustedProxies: 0,
};

/** A number where 0 means no limit. */
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

/** Settings for limits. */
export const protectionSettings = schema.shape;

/** Converts parsed settings into limits. */
export function toProtection(data: z.infer<typeof schema>): Protection {
  return {
    maxActive: data.MAX_ACTIVE_DOWNLOADS,
    maxActivePerCaller: data.MAX_ACTIVE_PER_CALLER,
    requestsPerMinute: data.REQUESTS_PER_MINUTE,
    requestsPerMinutePerCaller: data.REQUESTS_PER_MINUTE_PER_CALLER,
    trustedProxies: data.TRUSTED_PROXIES,
  };
}
