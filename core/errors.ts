/**
 * Every code an operation can fail with, and the HTTP status it becomes. Adapters translate their
 * vendor's errors into these; nothing else crosses a boundary.
 */
export const statusByCode = {
  /** The request, a name or a claim is not of the documented form. */
  malformed: 400,
  /** The token of a link or of a caller is absent, forged, or meant for something else. */
  unauthorized: 401,
  /** The caller is known, and may not have what was asked for. */
  forbidden: 403,
  /** No such object (any more). */
  not_found: 404,
  /** The store refuses us. Shown to a link holder as `not_found`: they must not tell the two apart. */
  denied: 404,
  method_not_allowed: 405,
  /** The object is no longer the version that was planned. */
  changed: 409,
  /** The link was good once. */
  expired: 410,
  /** The archive is no longer the one that the request is about. */
  precondition_failed: 412,
  /** More bytes than this service allows. */
  too_large: 413,
  /** A request's body is not of a form that can be read. */
  unsupported_media_type: 415,
  /** The requested range lies outside the archive. */
  range_not_satisfiable: 416,
  /** More entries than this service allows. */
  too_many_entries: 422,
  /** The link would be too long for a URL. */
  link_too_long: 422,
  /** More than can be compressed; it can be stored. */
  not_deflatable: 422,
  /** A caller, or all of them together, ask more than this service does at once or in a minute. */
  too_many_requests: 429,
  /** The client left before there was anything to send. The status is nginx's; nobody sees it. */
  aborted: 499,
  /** The store's answer is no answer to what it was asked, or its bytes are not those stated. */
  corrupt: 502,
  /** The store asks us to slow down. */
  throttled: 503,
  /** The store cannot serve us now. */
  unavailable: 503,
  /** The store did not answer in time. */
  timeout: 504,
  /** A defect of ours. */
  internal: 500,
} as const;

/** What went wrong, for programs. docs/HTTP.md has each that a client may be told. */
export type ErrorCode = keyof typeof statusByCode;

/** What an error carries beside its code and message. */
export interface ZiplinkErrorOptions {
  /** What went wrong underneath. It may name keys and paths, so it is never shown or logged as it is. */
  readonly cause?: unknown;
  /** How long the store asks us to wait, or we a client, before another attempt. In milliseconds. */
  readonly retryAfterMs?: number | undefined;
  /** Machine-readable facts that a caller may see, such as a limit and what was asked. */
  readonly details?: Readonly<Record<string, number | string>>;
  /** Fields that the response to it has besides those of every problem. */
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * The one error class. `message` is written for the person at the other end of the link and never
 * holds a key, a file name or a token.
 */
export class ZiplinkError extends Error {
  /** Always the same, also where class names are minified. */
  override readonly name = "ZiplinkError";
  /** What went wrong, for programs. */
  readonly code: ErrorCode;
  /** Machine-readable facts that a caller may see, as a limit and what was asked; often none. */
  readonly details: Readonly<Record<string, number | string>>;
  /** Fields that the response to it has besides those of every problem; often none. */
  readonly headers: Readonly<Record<string, string>>;
  /** How long to wait before another attempt, in milliseconds, if anybody has said so. */
  readonly retryAfterMs: number | undefined;

  /** @param message a sentence for people, which says what to do and names no object */
  constructor(code: ErrorCode, message: string, options: ZiplinkErrorOptions = {}) {
    super(message, "cause" in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.details = options.details ?? {};
    this.headers = options.headers ?? {};
    this.retryAfterMs = options.retryAfterMs;
  }

  /** The HTTP status of this error's code. */
  get status(): number {
    return statusByCode[this.code];
  }
}

/** `error` itself if it is one of ours; anything else is a defect and becomes `internal`. */
export function toZiplinkError(error: unknown): ZiplinkError {
  if (error instanceof ZiplinkError) return error;
  return new ZiplinkError("internal", "Something went wrong on our side.", { cause: error });
}

/** What every store says of an object, in the same words: they must not tell stores or reasons apart. */
export const objectMessages = {
  not_found: "One or more objects were not found.",
  changed: "An object has changed since it was planned.",
} as const;

/** There is no such object, or none that we may read. */
export function notFound(cause?: unknown): ZiplinkError {
  return new ZiplinkError("not_found", objectMessages.not_found, { cause });
}

/** The object is no longer the version that was asked for. */
export function changed(cause?: unknown): ZiplinkError {
  return new ZiplinkError("changed", objectMessages.changed, { cause });
}

/** A store's answer ended before its bytes did; trying again may help. */
export function brokeOff(): ZiplinkError {
  return new ZiplinkError("unavailable", "The store broke off in the middle of an object.");
}

/** The bytes are not those that the store, or the link, has stated the checksum of. */
export function wrongCrc(): ZiplinkError {
  return new ZiplinkError("corrupt", "An object's bytes do not match the checksum stated for it.");
}
