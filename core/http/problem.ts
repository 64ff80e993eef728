import { type ErrorCode, objectMessages, toZiplinkError, type ZiplinkError } from "../errors.ts";

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

/** What a client may be told of an error. */
export interface Problem {
  /** The HTTP status. */
  readonly status: number;
  /** One of `ErrorCode` but `denied`, which is told as `not_found`. */
  readonly code: ErrorCode;
  /** A sentence for people. */
  readonly detail: string;
  /** The error's details, such as a limit and what was asked. */
  readonly details: ZiplinkError["details"];
  /** Header fields for the response, such as `Retry-After` and `WWW-Authenticate`. */
  readonly headers: ZiplinkError["headers"];
}

/**
 * Describes `error` as a client may know it, for an application that words its errors itself. Tells
 * nothing of the error's cause, and of an unexpected error nothing at all.
 */
export function describeProblem(error: unknown): Problem {
  const known = toZiplinkError(error);
  const { status, message, details } = known;
  const headers = { ...retryAfter(known), ...challenge(status), ...known.headers };
  switch (known.code) {
    case "denied":
      return { status, code: "not_found", detail: objectMessages.not_found, details, headers };
    case "internal":
      return { status, code: "internal", detail: message, details: {}, headers };
    default:
      return { status, code: known.code, detail: message, details, headers };
  }
}

/** Answers `error` with `application/problem+json` (RFC 9457); `headers` replace its own fields. */
export function problemResponse(error: unknown, headers: Record<string, string> = {}): Response {
  const problem = describeProblem(error);
  return toProblemResponse({ ...problem, headers: { ...problem.headers, ...headers } });
}

/**
 * Writes a problem as `application/problem+json` (RFC 9457). Beside the standard members it has `code`
 * and the problem's details.
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

/** The challenge that RFC 6750, 3 asks for, for links and callers alike. */
function challenge(status: number): Record<string, string> {
  if (status === 401) return { "WWW-Authenticate": 'Bearer error="invalid_token"' };
  if (status === 403) return { "WWW-Authenticate": 'Bearer error="insufficient_scope"' };
  return {};
}

function retryAfter({ status, retryAfterMs = RETRY_AFTER_MS }: ZiplinkError) {
  if (status !== 503 && status !== 429) return {};
  return { "Retry-After": String(Math.ceil(retryAfterMs / 1000)) };
}
