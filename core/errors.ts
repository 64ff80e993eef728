/**
 * Every code that an operation can fail with, and its HTTP status. Adapters translate their vendor's errors
 * into these; no other error crosses a boundary.
 */
export const statusByCode = {
  /** The request, a name or a claim does not have the documented form. */
  malformed: 400,
  /** The token of a link or a caller is missing, forged, or meant for another purpose. */
  unauthorized: 401,
  /** The caller is authenticated but not allowed to have what it asked for. */
  forbidden: 403,
  /** The object does not exist, or no longer does. */
  not_found: 404,
  /** The store denied us access. Reported as `not_found`: a link holder must not tell the two apart. */
  denied: 404,
  method_not_allowed: 405,
  /** The request's body did not arrive in time. */
  request_timeout: 408,
  /** The object is no longer of the planned version. */
  changed: 409,
  /** A delivery cannot do what was asked of it in the state that it is in. */
  conflict: 409,
  /** The link was valid once, but has expired. */
  expired: 410,
  /** The archive has changed and is no longer the one that the request refers to. */
  precondition_failed: 412,
  /** More bytes than this service allows. */
  too_large: 413,
  /** The request's body has a media type that this service does not read. */
  unsupported_media_type: 415,
  /** The requested range lies outside the archive. */
  range_not_satisfiable: 416,
  /** More entries than this service allows. */
  too_many_entries: 422,
  /** The link would be too long for a URL. */
  link_too_long: 422,
  /** The archive is too large to be compressed, but can be stored. */
  not_deflatable: 422,
  /** A caller, or all callers together, exceed this service's limit of requests at once or per minute. */
  too_many_requests: 429,
  /** The client left before there was anything to send. The status is nginx's; no client ever sees it. */
  aborted: 499,
  /** The client took no byte of a response for too long. Only ever the end of one that had begun. */
  stalled: 499,
  /** The server stops, and the time for responses in progress is up. Only ever the end of one that had begun. */
  stopping: 503,
  /** The store's answer does not fit the request, or its bytes do not match their checksum. */
  corrupt: 502,
  /** The store asks us to slow down. */
  throttled: 503,
  /** The store cannot serve us now. */
  unavailable: 503,
  /** The store did not answer in time. */
  timeout: 504,
  /** The destination's store has no room left. */
  full: 507,
  /** A defect in Ziplink. */
  internal: 500,
} as const;

/** A machine-readable error code. docs/HTTP.md lists those that a client may see. */
export type ErrorCode = keyof typeof statusByCode;

/** Machine-readable facts of an error that a client may know, such as a limit and the requested amount. */
export type ErrorDetails = Readonly<Record<string, number | string | readonly object[]>>;

/** The optional properties of a `ZiplinkError`. */
export interface ZiplinkErrorOptions {
  /** The underlying error. It may contain keys and paths, so it is never shown or logged as it is. */
  readonly cause?: unknown;
  /** A class of failure more specific than the code, for the log. Names no object. */
  readonly reason?: string;
  /**
   * The path within a served folder that its owner has to repair, such as that of a symbolic link, for the
   * log. Never the key of an object that is in order.
   */
  readonly path?: string;
  /** How long to wait before another attempt, as the store asks us or we ask a client. Milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Machine-readable facts that a caller may see, such as a limit and the requested amount. */
  readonly details?: ErrorDetails;
  /** Header fields for the error response, in addition to those of every problem. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The only error class of Ziplink. `message` is written for the person who follows a link and never
 * contains a key, a file name or a token.
 */
export class ZiplinkError extends Error {
  /** Set explicitly, so that minifying class names does not change it. */
  override readonly name = "ZiplinkError";
  /** The machine-readable error code. */
  readonly code: ErrorCode;
  /** Machine-readable facts that a caller may see, such as a limit and the requested amount; often empty. */
  readonly details: ErrorDetails;
  /** Header fields for the error response, in addition to those of every problem; often empty. */
  readonly headers: Readonly<Record<string, string>>;
  /** A class of failure more specific than the code, such as "archived", for the log; clients do not see it. */
  readonly reason: string | undefined;
  /** The path within a served folder that its owner has to repair, for the log; clients do not see it. */
  readonly path: string | undefined;
  /** How long to wait before another attempt, in milliseconds, if known. */
  readonly retryAfterMs: number | undefined;

  /** @param message a sentence for people that says what to do and names no object */
  constructor(code: ErrorCode, message: string, options: ZiplinkErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
    this.headers = options.headers ?? {};
    this.reason = options.reason;
    this.path = options.path;
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The HTTP status of this error's code. */
  get status(): number {
    return statusByCode[this.code];
  }
}

/** Returns `error` itself if it is a `ZiplinkError`; any other error is a defect and becomes `internal`. */
export function toZiplinkError(error: unknown): ZiplinkError {
  if (error instanceof ZiplinkError) return error;
  return new ZiplinkError("internal", "Something went wrong on our side.", { cause: error });
}
