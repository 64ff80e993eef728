import type { MiddlewareHandler } from "hono";
import { type RequestIdVariables, requestId } from "hono/request-id";

/** Longer than any that is in use, and short enough for a line of a log. */
const MAX_LENGTH = 128;

/**
 * Names each request: by its own `X-Request-Id` if that has up to 128 letters, digits, `-`, `_` and
 * `=`, else by a random one. The response states it.
 */
export function requestIds(): MiddlewareHandler<{ Variables: RequestIdVariables }> {
  const take = requestId({ limitLength: MAX_LENGTH });
  return (c, next) =>
    take(c, async () => {
      await next();
      // What Hono prepares before the routes does not reach responses that they have made themselves.
      c.res.headers.set("X-Request-Id", c.get("requestId"));
    });
}
