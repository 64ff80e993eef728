import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";

/**
 * What every response has against being misread or embedded. A route that has set one of these fields
 * itself, as a page does with its Content-Security-Policy, keeps its own.
 *
 * @param isHttps whether people reach the service by HTTPS, and shall by nothing else
 */
export function securityHeaders(isHttps: boolean): MiddlewareHandler {
  return secureHeaders({
    overwrite: false,
    // Nothing but the page is to be shown, and that has a policy of its own.
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    // A link's URL is its key: it must not go on to other sites.
    referrerPolicy: "no-referrer",
    // Of this host alone: others of the domain are not ours to decide on.
    strictTransportSecurity: isHttps ? "max-age=15552000" : false,
    xFrameOptions: "DENY",
    // For browsers that are no more.
    xDownloadOptions: false,
    xXssProtection: false,
    xPermittedCrossDomainPolicies: false,
  });
}

/** Lets pages of `origins` fetch archives by their links, and see what resuming them needs. */
export function archiveCors(origins: readonly string[]): MiddlewareHandler {
  return cors({
    origin: origins.includes("*") ? "*" : [...origins],
    allowMethods: ["GET", "HEAD"],
    allowHeaders: ["Range", "If-Range", "If-Match", "If-None-Match", "X-Request-Id", "traceparent"],
    exposeHeaders: [
      "Accept-Ranges",
      "Content-Disposition",
      "Content-Length",
      "Content-Range",
      "ETag",
      "Retry-After",
      "X-Request-Id",
      "Ziplink-Length",
    ],
    maxAge: 3600,
  });
}
