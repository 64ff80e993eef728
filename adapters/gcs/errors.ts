import { abortable } from "../../core/async/abortable.ts";
import { changed, type ErrorCode, notFound, ZiplinkError } from "../../core/errors.ts";
import { parseRetryAfter } from "../../core/input/retry-after.ts";

/** `request` with its failure as ours, left alone (the client cannot cancel it) when `signal` aborts. */
export async function askGcs<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await abortable(request(), signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw translate(error);
  }
}

/** What is known of the errors of the client, of its HTTP library and of its authentication library. */
interface ClientError extends Error {
  /** An HTTP status, or the code of a system error. */
  readonly code?: number | string;
  readonly status?: number;
  readonly response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** https://docs.cloud.google.com/storage/docs/json_api/v1/status-codes */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ZiplinkError) return error;
  const { code, message }: ClientError = error;
  const status = (error as ClientError).status ?? code;
  if (typeof status === "number") return ofStatus(status, error);
  // The client then asks without credentials; it puts this in the place of the refusal.
  if (message.startsWith("Could not load the default credentials")) return denied(error);
  if (code === "ETIMEDOUT") return timeout(error);
  // A connection that failed or broke: ECONNRESET, ENOTFOUND, ERR_STREAM_PREMATURE_CLOSE, TLS's.
  return code === undefined ? error : unavailable(error);
}

function ofStatus(status: number, error: ClientError): unknown {
  switch (status) {
    case 400: // what a token was asked of refused it; no bad name gets as far as the API
    case 401:
    case 403:
      return denied(error);
    case 404:
      return notFound(error);
    case 412:
      return changed(error);
    case 429:
      return failure("throttled", "The store asks us to slow down. Try again later.", error);
    case 504:
      return timeout(error);
    default:
      return status === 408 || status >= 500 ? unavailable(error) : error;
  }
}

const denied = (cause?: unknown) => failure("denied", "The store may not be read.", cause);
const timeout = (cause?: unknown) => failure("timeout", "The store did not answer in time.", cause);
const unavailable = (cause?: unknown) =>
  failure("unavailable", "The store cannot be read now. Try again.", cause);
/** What the store sent is not what it, or a checksum, states. */
export const corrupt = (message: string) => failure("corrupt", message);

function failure(code: ErrorCode, message: string, cause?: unknown): ZiplinkError {
  const headers = (cause as ClientError | undefined)?.response?.headers;
  const retryAfterMs = parseRetryAfter(headers?.["retry-after"], headers?.date);
  return new ZiplinkError(code, message, { cause, retryAfterMs });
}
