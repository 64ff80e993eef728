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
  /** Fields that the response should have, such as `Retry-After`. */
  readonly headers: ZiplinkError["headers"];
}

/**
 * What a client may be told of `error`, for an application that words its errors itself. It has nothing
 * of the error's cause, and of an unexpected error nothing at all.
 */
export function describeProblem(error: unknown): Problem {
  const known = toZiplinkError(error);
  const { status, message, details } = known;
  const headers = { ...retryAfter(known), ...known.headers };
  switch (known.code) {
    case "denied":
      return { status, code: "not_found", detail: objectMessages.not_found, details, headers };
    case "internal":
      return { status, code: "internal", detail: message, details: {}, headers };
    default:
      return { status, code: known.code, detail: message, details, headers };
  }
}

/**
 * The `application/problem+json` response (RFC 9457) for an error. Beside the standard members it has
 * `code` and the details of `describeProblem`, and its header has the error's fields.
 */
export function problemResponse(error: unknown, headers: Record<string, string> = {}): Response {
  const { status, code, detail, details, headers: fields } = describeProblem(error);
  const title = titles[status];
  const problem = { type: "about:blank", title, status, detail, code, ...details };
  return new Response(JSON.stringify(problem), {
    status,
    headers: {
      "Content-Type": "application/problem+json",
      "Cache-Control": "no-store",
      "X-Content-Type-Options": "nosniff",
      ...(status === 401 ? { "WWW-Authenticate": 'Bearer error="invalid_token"' } : {}),
      ...(status === 403 ? { "WWW-Authenticate": 'Bearer error="insufficient_scope"' } : {}),
      ...fields,
      ...headers,
    },
  });
}

function retryAfter({ status, retryAfterMs = RETRY_AFTER_MS }: ZiplinkError) {
  if (status !== 503 && status !== 429) return {};
  return { "Retry-After": String(Math.ceil(retryAfterMs / 1000)) };
}
