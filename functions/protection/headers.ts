import type { MiddlewareHandler } from "hono";
import { cors } from "hono/cors";
import { secureHeaders } from "hono/secure-headers";

/**
 * Adds the headers that keep every response from being misinterpreted or embedded. A header that a
 * route has set itself, such as the page's Content-Security-Policy, is kept.
 *
 * @param isHttps whether the service is reached over HTTPS and must be reached no other way
 */
export function securityHeaders(isHttps: boolean): MiddlewareHandler {
  return secureHeaders({
    overwrite: false,
    // Only the page is meant to be displayed, and it sets its own policy.
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      baseUri: ["'none'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
    },
    // A link's URL is its key, so it must not be sent to other sites.
    referrerPolicy: "no-referrer",
    // Without includeSubDomains: other hosts of the domain are not this service's to decide on.
    strictTransportSecurity: isHttps ? "max-age=15552000" : false,
    xFrameOptions: "DENY",
    // These only affect obsolete browsers.
    xDownloadOptions: false,
    xXssProtection: false,
    xPermittedCrossDomainPolicies: false,
  });
}

/** Lets pages of `origins` fetch archives by link, and read the headers needed to resume them. */
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
