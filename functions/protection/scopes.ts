import type { MiddlewareHandler } from "hono";
import type { RequestIdVariables } from "hono/request-id";
import type { Audit } from "../../core/http/audit.ts";
import { refuse } from "../../core/http/refuse.ts";
import type { RequestScope } from "../../core/http/request-scope.ts";
import { traceIdOf } from "../observability/trace.ts";
import { clientAddress } from "./client-address.ts";
import type { Gate } from "./limits.ts";

/** What the routes find in their context. */
export interface ScopedEnv {
  readonly Variables: RequestIdVariables & { readonly scope: RequestScope };
}

/** What each request's scope is made of. */
export interface ScopeOptions {
  /** Where audit lines go. */
  readonly audit: Audit;
  /** Counts who asks for how much. */
  readonly gate: Gate;
  /** How many proxies in front tell the client's address; 0 where it is not known. */
  readonly trustedProxies: number;
}

/**
 * Gives each request its scope: audit lines that name the request and its trace, and a place among the
 * downloads under way. The place is held until a download has ended, however it does, which its audit
 * line tells; whatever else is answered gives it back at once.
 *
 * Needs `requestId` before it.
 */
export function scopes({
  audit,
  gate,
  trustedProxies,
}: ScopeOptions): MiddlewareHandler<ScopedEnv> {
  return async (c, next) => {
    const request = c.req.raw;
    const traceId = traceIdOf(request.headers);
    const marks = {
      requestId: c.get("requestId"),
      ...(traceId === undefined ? {} : { traceId }),
    };
    let leave: () => void = () => undefined;
    let isDownload = false;
    const scope: RequestScope = {
      began: performance.now(),
      audit(event) {
        if (event.event === "download_started") isDownload = true;
        if (event.event === "download_ended") leave();
        audit({ ...event, ...marks });
      },
      async admit(principal) {
        leave = await gate.enter(principal);
      },
    };
    c.set("scope", scope);
    if (trustedProxies > 0) {
      try {
        await gate.count(clientAddress(request.headers, trustedProxies));
      } catch (error) {
        return refuse(request, error, {}, scope.audit);
      }
    }
    try {
      return await next();
    } finally {
      if (!isDownload) leave();
    }
  };
}
