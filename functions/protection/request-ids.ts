import type { MiddlewareHandler } from "hono";
import { type RequestIdVariables, requestId } from "hono/request-id";

/** Longer than any ID in common use, and short enough for a log line. Characters. */
const MAX_LENGTH = 128;

/**
 * Gives each request an ID: its own `X-Request-Id` if that consists of up to 128 letters, digits, `-`,
 * `_` and `=`, otherwise a random one. The response repeats it in `X-Request-Id`.
 */
export function requestIds(): MiddlewareHandler<{ Variables: RequestIdVariables }> {
  const take = requestId({ limitLength: MAX_LENGTH });
  return (c, next) =>
    take(c, async () => {
      await next();
      // Headers set before a route runs are lost when the route returns a Response of its own.
      c.res.headers.set("X-Request-Id", c.get("requestId"));
    });
}
