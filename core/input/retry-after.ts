import { parseHttpDate } from "./http-date.ts";

/** A larger number of seconds stands for this one (RFC 9111, 1.2.2): it always fits a number. */
const MAX_SECONDS = 2 ** 31;

/**
 * Milliseconds that a `Retry-After` asks to wait, which states seconds or a date (RFC 9110, 10.2.3);
 * `undefined` if there is none that can be read. A date counts from the answer's own `Date`, so that
 * a clock that differs from ours does no harm.
 *
 * @param date the field `Date` of the same answer; without one that can be read it is now
 */
export function parseRetryAfter(
  value: string | null | undefined,
  date?: string | null,
): number | undefined {
  if (/^\d+$/.test(value ?? "")) return Math.min(Number(value), MAX_SECONDS) * 1000;
  const time = parseHttpDate(value);
  return time === undefined ? undefined : Math.max(0, time - (parseHttpDate(date) ?? Date.now()));
}
