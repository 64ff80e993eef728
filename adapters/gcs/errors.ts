import { abortable } from "../../core/async/abortable.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { parseRetryAfter } from "../../core/input/retry-after.ts";
import {
  type StoreErrorCode,
  storeCodeOfStatus,
  storeError,
} from "../../core/source/store-errors.ts";

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

/** Returns the store error for an error of the client; a defect stays as it is. */
export function translate(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ZiplinkError) return error;
  const code = codeOf(error);
  if (code === undefined) return error;
  const headers = (error as ClientError).response?.headers;
  const retryAfterMs = parseRetryAfter(headers?.["retry-after"], headers?.date);
  return storeError(code, error, { retryAfterMs });
}

/** https://docs.cloud.google.com/storage/docs/json_api/v1/status-codes */
function codeOf(error: ClientError): StoreErrorCode | undefined {
  const { code, message } = error;
  const status = error.status ?? code;
  if (status === 400) return "denied"; // of a token's issuer; no bad name gets as far as the API
  if (typeof status === "number") return storeCodeOfStatus(status);
  // The client then asks without credentials; it puts this in the place of the refusal.
  if (message.startsWith("Could not load the default credentials")) return "denied";
  if (code === "ETIMEDOUT") return "timeout";
  // A connection that failed or broke: ECONNRESET, ENOTFOUND, ERR_STREAM_PREMATURE_CLOSE, TLS's.
  return code === undefined ? undefined : "unavailable";
}
