import { parseHttpDate } from "./http-date.ts";

/** Larger numbers of seconds are reduced to this one (RFC 9111, 1.2.2). */
const MAX_SECONDS = 2 ** 31;

/**
 * Parses `Retry-After`, which has seconds or a date (RFC 9110, 10.2.3), and returns the milliseconds to wait,
 * or `undefined` if it is absent or invalid. A date is taken relative to the response's own `Date`, so that a
 * difference between the server's clock and ours does not matter.
 *
 * @param date the `Date` field of the same response. Default, also if it is invalid: now
 */
export function parseRetryAfter(
  value: string | null | undefined,
  date?: string | null,
): number | undefined {
  if (/^\d+$/.test(value ?? "")) return Math.min(Number(value), MAX_SECONDS) * 1000;
  const time = parseHttpDate(value);
  return time === undefined ? undefined : Math.max(0, time - (parseHttpDate(date) ?? Date.now()));
}
