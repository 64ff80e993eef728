import { type ErrorCode, toZiplinkError, type ZiplinkError } from "../errors.ts";
import { isSetupFailure, storeError } from "../source/store-errors.ts";

/** The phrases of RFC 9110, 15, which are the titles of problems of type "about:blank" (RFC 9457, 4.2.1). */
const titles: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
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
  507: "Insufficient Storage",
};

/** Default for `Retry-After` if the error does not say how long to wait. */
const RETRY_AFTER_MS = 10_000;

/** The part of an error that a client may see. */
export interface Problem {
  /** The HTTP status. */
  readonly status: number;
  /**
   * Any `ErrorCode` except `denied`, which is reported as `not_found`, or as `unavailable` if the service's
   * own set-up is to blame; see `isSetupFailure`.
   */
  readonly code: ErrorCode;
  /** A sentence for people. */
  readonly detail: string;
  /** The error's details, such as a limit and the requested amount. */
  readonly details: ZiplinkError["details"];
  /** Header fields for the response, such as `Retry-After` and `WWW-Authenticate`. */
  readonly headers: ZiplinkError["headers"];
}

/**
 * Describes an error for a client, for applications that format error responses themselves. The result
 * contains nothing of the error's cause, and nothing at all of an unexpected error.
 */
export function describeProblem(error: unknown): Problem {
  const known = toZiplinkError(error);
  if (isSetupFailure(known)) return describeProblem(storeError("unavailable"));
  const { status, message, details } = known;
  const headers = { ...retryAfter(known), ...challenge(status), ...known.headers };
  switch (known.code) {
    case "denied":
      return { ...describeProblem(storeError("not_found")), details, headers };
    case "internal":
      return { status, code: "internal", detail: message, details: {}, headers };
    default:
      return { status, code: known.code, detail: message, details, headers };
  }
}

/** Returns the `application/problem+json` response (RFC 9457) for `error`; `headers` replace its own fields. */
export function problemResponse(error: unknown, headers: Record<string, string> = {}): Response {
  const problem = describeProblem(error);
  return toProblemResponse({ ...problem, headers: { ...problem.headers, ...headers } });
}

/**
 * Returns the `application/problem+json` response (RFC 9457) for a problem. In addition to the standard
 * members, the body has `code` and the problem's details.
 */
export function toProblemResponse({ status, code, detail, details, headers }: Problem): Response {
  const title = titles[status];
  const problem = { type: "about:blank", title, status, detail, code, ...details };
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      ...headers,
    },
  });
}

/** Returns the challenge that RFC 6750, 3 requires, the same for links and callers. */
function challenge(status: number): Record<string, string> {
  if (status === 401) return { "WWW-Authenticate": 'Bearer error="invalid_token"' };
  if (status === 403) return { "WWW-Authenticate": 'Bearer error="insufficient_scope"' };
  return {};
}

function retryAfter({ status, retryAfterMs = RETRY_AFTER_MS }: ZiplinkError) {
  if (status !== 503 && status !== 429) return {};
  return { "Retry-After": String(Math.ceil(retryAfterMs / 1000)) };
}
