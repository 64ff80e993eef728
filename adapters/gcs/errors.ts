import { abortable } from "../../core/async/abortable.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { parseRetryAfter } from "../../core/input/retry-after.ts";
import {
  type StoreFailure,
  storeCodeOfStatus,
  storeError,
} from "../../core/source/store-errors.ts";
import { hasUnreadableHeaders } from "../http-parser-errors.ts";

/**
 * Makes a request and translates its failure. When `signal` aborts, rejects at once and leaves the
 * request to itself, since the client cannot cancel it.
 */
export async function askGcs<T>(request: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  signal?.throwIfAborted();
  try {
    return await abortable(request(), signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw translate(error);
  }
}

/** The known fields of errors of the client, its HTTP library and its authentication library. */
interface ClientError extends Error {
  /** An HTTP status, or the code of a system error. */
  readonly code?: number | string;
  readonly status?: number;
  readonly response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** Returns the store error for an error of the client; a defect stays as it is. */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ZiplinkError) return error;
  const isUnreadable =
    error instanceof SyntaxError || hasUnreadableHeaders((error as ClientError).code);
  if (isUnreadable) return storeError("unreadable", error); // the SyntaxError comes from parsing JSON
  const failure = failureOf(error);
  if (failure === undefined) return error;
  const headers = (error as ClientError).response?.headers;
  const retryAfterMs = parseRetryAfter(headers?.["retry-after"], headers?.date);
  return storeError(failure, error, { retryAfterMs });
}

/** https://docs.cloud.google.com/storage/docs/json_api/v1/status-codes */
function failureOf(error: ClientError): StoreFailure | undefined {
  const { code, message } = error;
  const status = error.status ?? code;
  // A 400 comes from the issuer of access tokens: the API itself is never sent an invalid name.
  if (status === 400 || status === 401) return "wrong_credentials";
  if (typeof status === "number") return storeCodeOfStatus(status);
  // Without credentials, the client sends the request anyway, and replaces the refusal with this.
  if (message.startsWith("Could not load the default credentials")) return "no_credentials";
  if (code === "ETIMEDOUT") return "timeout";
  // A failed or broken connection: ECONNRESET, ENOTFOUND, ERR_STREAM_PREMATURE_CLOSE, TLS errors.
  return code === undefined ? undefined : "unavailable";
}
