import { errors } from "undici";
import { ZiplinkError } from "../../core/errors.ts";
import { parseRetryAfter } from "../../core/input/retry-after.ts";
import {
  type StoreFailure,
  storeCodeOfStatus,
  storeError,
} from "../../core/source/store-errors.ts";
import { hasUnreadableHeaders } from "../http-parser-errors.ts";
import { type Answer, type AnswerHeaders, single } from "./answers.ts";

/** Returns the error that a status means for the object at `url`; `undefined` for success. */
export function refusal({ statusCode, headers }: Answer, url: URL): ZiplinkError | undefined {
  if (statusCode === 200 || statusCode === 206) return undefined;
  const retryAfterMs = parseRetryAfter(single(headers["retry-after"]), single(headers.date));
  const cause = new RefusedRequest(url, statusCode);
  return storeError(failureOf(statusCode, headers, url, retryAfterMs), cause, { retryAfterMs });
}

/** An answer with a status other than those of success. */
class RefusedRequest extends Error {
  override readonly name = "RefusedRequest";
  readonly status: number;

  constructor(url: URL, status: number) {
    super(`${url} was answered with ${status}`);
    this.status = status;
  }
}

/** Returns the status that has become this error; `undefined` if it was another failure. */
export function refusedStatus(error: unknown): number | undefined {
  if (!(error instanceof ZiplinkError)) return undefined;
  return error.cause instanceof RefusedRequest ? error.cause.status : undefined;
}

function failureOf(
  status: number,
  headers: AnswerHeaders,
  url: URL,
  retryAfterMs: number | undefined,
): StoreFailure {
  if (status === 414) return "not_found"; // a name that is too long cannot exist
  if (status === 503 && retryAfterMs !== undefined) return "throttled";
  const code = storeCodeOfStatus(status);
  if (code !== "denied" || status >= 400) return code;
  return leadsToFolder(headers, url) ? "not_found" : "redirected";
}

/** Whether a redirect only adds a slash, as web servers do for a folder: there is no such object. */
function leadsToFolder(headers: AnswerHeaders, url: URL): boolean {
  const location = single(headers.location);
  const target = location === undefined ? null : URL.parse(location, url.href);
  return target?.pathname === `${url.pathname}/`;
}

/** Returns the store error for an error of undici's or Node's; one without a code is a defect. */
export function translate(error: unknown): unknown {
  if (error instanceof ZiplinkError || !(error instanceof Error)) return error;
  const { code } = error as NodeJS.ErrnoException;
  if (hasUnreadableHeaders(code)) return storeError("unreadable", error);
  if (error instanceof errors.HTTPParserError) {
    // undici has the parser's reason in the message alone. Its other errors mean that no HTTP is spoken.
    return storeError(
      /\(invalid header/i.test(error.message) ? "unreadable" : "unavailable",
      error,
    );
  }
  switch (code) {
    case undefined:
    case "UND_ERR_INVALID_ARG":
    case "UND_ERR_NOT_SUPPORTED":
      return error;
    case "UND_ERR_CONNECT_TIMEOUT":
    case "UND_ERR_HEADERS_TIMEOUT":
    case "UND_ERR_BODY_TIMEOUT":
    case "ETIMEDOUT":
      return storeError("timeout", error);
    default:
      return storeError("unavailable", error);
  }
}
