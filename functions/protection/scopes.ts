import type { MiddlewareHandler } from "hono";
import type { RequestIdVariables } from "hono/request-id";
import type { Audit } from "../../core/http/audit.ts";
import { refuse } from "../../core/http/refuse.ts";
import type { RequestScope } from "../../core/http/request-scope.ts";
import { traceIdOf } from "../observability/trace.ts";
import { clientAddress } from "./client-address.ts";
import type { Gate } from "./limits.ts";

/** Variables that the routes find in their Hono context. */
export interface ScopedEnv {
  readonly Variables: RequestIdVariables & { readonly scope: RequestScope };
}

/** Options of `scopes`. */
export interface ScopeOptions {
  /** Receives audit events. */
  readonly audit: Audit;
  /** Counts requests and downloads. */
  readonly gate: Gate;
  /** Number of proxies in front that report the client's address; 0 if it is unknown. */
  readonly trustedProxies: number;
}

/**
 * Gives each request its scope: audit events marked with the IDs of the request and its trace, and a
 * download slot. A download, a page or a description holds its slot until its body ends, however it ends;
 * any other response releases the slot as soon as it is made.
 *
 * Must run after `requestIds`.
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
    let isHeld = false;
    const scope: RequestScope = {
      began: performance.now(),
      audit: (event) => audit({ ...event, ...marks }),
      async admit(principal) {
        leave = await gate.enter(principal);
      },
      hold() {
        isHeld = true;
        return leave;
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
      if (!isHeld) leave();
    }
  };
}
