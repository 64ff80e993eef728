import { objectMessages, toZiplinkError } from "./errors.ts";

/** The phrases of RFC 9110, 15: a problem without a type of its own is titled so (RFC 9457, 4.2.1). */
const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  499: "Client Closed Request",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** What a client is told to wait where nobody has said for how long. */
const RETRY_AFTER_MS = 10_000;

/**
 * The `application/problem+json` response (RFC 9457) for an error. Beside the standard members it has
 * `code`, one of `ErrorCode`, and the error's details; its header has the error's fields. It shows
 * nothing of the error's cause, and of an unexpected error nothing at all.
 */
export function problemResponse(error: unknown, headers: Record<string, string> = {}): Response {
  const known = toZiplinkError(error);
  const { status } = known;
  const problem = {
    type: "about:blank",
    title: titles[status],
    status,
    detail: known.code === "denied" ? objectMessages.not_found : known.message,
    code: known.code === "denied" ? "not_found" : known.code,
    ...(known.code === "internal" ? {} : known.details),
  };
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      ...(status === 401 ? { "WWW-Authenticate": 'Bearer error="invalid_token"' } : {}),
      ...(status === 403 ? { "WWW-Authenticate": 'Bearer error="insufficient_scope"' } : {}),
      ...(status === 503 || status === 429
        ? { "Retry-After": String(Math.ceil((known.retryAfterMs ?? RETRY_AFTER_MS) / 1000)) }
        : {}),
      ...known.headers,
      ...headers,
    },
  });
}
