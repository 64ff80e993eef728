/**
 * Milliseconds from `now` that a `Retry-After` asks for, which states seconds or a date (RFC 9110,
 * 10.2.3); `undefined` if there is none that can be read.
 */
export function parseRetryAfter(value: string | undefined, now = Date.now()): number | undefined {
  if (value === undefined) return undefined;
  const ms = /^\d+$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
