import { type ErrorCode, ZiplinkError } from "../errors.ts";

/** Codes of failures that another attempt at the same call may fix. */
const PASSING: ReadonlySet<ErrorCode> = new Set(["throttled", "unavailable", "timeout"]);

/** Whether a store's failure may pass by itself, so that another attempt at the same call may succeed. */
export function isPassing(error: unknown): error is ZiplinkError {
  return error instanceof ZiplinkError && PASSING.has(error.code);
}

/**
 * Statuses from 500 on by which a server says that it will not do this, and not that it cannot do it now:
 * Not Implemented, HTTP Version Not Supported (RFC 9110, 15.6), Variant Also Negotiates, Loop Detected,
 * Not Extended, Network Authentication Required (RFC 2295, 5842, 2774, 6585).
 */
const LASTING_STATUSES: ReadonlySet<number> = new Set([501, 505, 506, 508, 510, 511]);

/**
 * Whether another attempt at a request that was answered with this HTTP status may succeed (RFC 9110,
 * 15.5.9, 15.5.10, 15.6; RFC 8470, 5.2; RFC 6585, 4): Request Timeout, Conflict, Too Early, Too Many
 * Requests, and every 5xx that blames the server and not the request.
 */
export function isPassingStatus(status: number): boolean {
  if (status >= 500) return !LASTING_STATUSES.has(status);
  return status === 408 || status === 409 || status === 425 || status === 429;
}

/** How long to wait between attempts. All in milliseconds. */
export interface Backoff {
  /** The longest wait after the first failure, doubled for each further failure in a row. */
  readonly firstMs: number;
  /** The longest wait that this grows to. */
  readonly maxMs: number;
  /** The longest wait that a server may ask for; one that asks for more is given up. */
  readonly maxAskedMs: number;
}

/**
 * Returns how many milliseconds to wait before the next attempt, or `undefined` if the server asks for a
 * longer wait than `maxAskedMs`. Never less than it asks for, and half of the own wait is random, also on
 * top of what is asked: calls that failed together do not all come back at once.
 *
 * @param failures failures in a row so far; 0 counts as 1
 * @param askedMs what the server asked for; see `parseRetryAfter`
 * @param random at least 0, less than 1
 */
export function retryDelay(
  failures: number,
  askedMs: number | undefined,
  { firstMs, maxMs, maxAskedMs }: Backoff,
  random = Math.random(),
): number | undefined {
  const asked = askedMs ?? 0;
  if (asked > maxAskedMs) return undefined;
  const doublings = Math.min(Math.max(failures - 1, 0), 52);
  const half = Math.min(firstMs * 2 ** doublings, maxMs) / 2;
  return Math.max(asked, half) + half * random;
}
