import { errors } from "undici";
import { changed, notFound, ZiplinkError } from "../../core/errors.ts";
import { parseRetryAfter } from "../../core/input/retry-after.ts";
import { type Answer, type AnswerHeaders, single } from "./answers.ts";

/** What a status means for the object at `url`; `undefined` for success. */
export function refusal({ statusCode, headers }: Answer, url: URL): ZiplinkError | undefined {
  const cause = new Error(`${url} was answered with ${statusCode}`);
  const retryAfterMs = parseRetryAfter(single(headers["retry-after"]), single(headers.date));
  switch (statusCode) {
    case 200:
    case 206:
      return undefined;
    case 301:
    case 302:
    case 303:
    case 307:
    case 308:
      return leadsToFolder(headers, url)
        ? notFound(cause)
        : denied("The store redirects to another place, which is not followed.", cause);
    case 401:
    case 403:
    case 407:
    case 451:
      return denied("The store refuses access to its objects.", cause);
    case 404:
    case 410:
    case 414: // nothing has a name that is too long
      return notFound(cause);
    case 408:
    case 504:
      return timedOut(cause);
    case 412:
    case 416:
      return changed(cause);
    case 429:
      return throttled(cause, retryAfterMs);
    case 503:
      return retryAfterMs === undefined
        ? unavailable(LATER, cause)
        : throttled(cause, retryAfterMs);
    default:
      return statusCode >= 500
        ? unavailable(LATER, cause)
        : corrupt("The store's answer is not what it was asked for.", cause);
  }
}

/** Whether a redirect adds a slash, as web servers do for a folder: then there is no such object. */
function leadsToFolder(headers: AnswerHeaders, url: URL): boolean {
  const location = single(headers.location);
  const target = location === undefined ? null : URL.parse(location, url.href);
  return target?.pathname === `${url.pathname}/`;
}

/** undici's and Node's errors as ours; what has no code is a defect. */
export function translate(error: unknown): unknown {
  if (error instanceof ZiplinkError || !(error instanceof Error)) return error;
  if (error instanceof errors.HTTPParserError) return unavailable(LATER, error);
  const { code } = error as NodeJS.ErrnoException;
  switch (code) {
    case undefined:
    case "UND_ERR_INVALID_ARG":
    case "UND_ERR_NOT_SUPPORTED":
      return error;
    case "UND_ERR_CONNECT_TIMEOUT":
    case "UND_ERR_HEADERS_TIMEOUT":
    case "UND_ERR_BODY_TIMEOUT":
    case "ETIMEDOUT":
      return timedOut(error);
    default:
      return unavailable(LATER, error);
  }
}

const LATER = "The store cannot be read now. Try again.";

function denied(message: string, cause: Error): ZiplinkError {
  return new ZiplinkError("denied", message, { cause });
}

function throttled(cause: Error, retryAfterMs: number | undefined): ZiplinkError {
  const message = "The store asks to slow down. Try again later.";
  return new ZiplinkError("throttled", message, { cause, retryAfterMs });
}

function timedOut(cause: Error): ZiplinkError {
  return new ZiplinkError("timeout", "The store did not answer in time. Try again.", { cause });
}

/** The store's answer can never be right; the message says why, and names no object. */
export function corrupt(message: string, cause?: Error): ZiplinkError {
  return new ZiplinkError("corrupt", message, { cause });
}

/** The store cannot be read now, and may be at another attempt; the message names no object. */
export function unavailable(message: string, cause?: Error): ZiplinkError {
  return new ZiplinkError("unavailable", message, { cause });
}
