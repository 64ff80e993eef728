import { ZiplinkError } from "../../core/errors.ts";
import { parseRetryAfter } from "../../core/input/retry-after.ts";
import {
  type StoreErrorCode,
  storeCodeOfStatus,
  storeError,
} from "../../core/source/store-errors.ts";

/** https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList and the SDK's own. */
const codeByName: Readonly<Record<string, StoreErrorCode>> = {
  NoSuchKey: "not_found",
  NotFound: "not_found",
  NoSuchBucket: "not_found",
  // The version that was planned has been deleted for good, or a marker of a deletion has its id.
  NoSuchVersion: "changed",
  PreconditionFailed: "changed",
  InvalidRange: "changed",
  AccessDenied: "denied",
  ExpiredToken: "denied",
  InvalidAccessKeyId: "denied",
  SignatureDoesNotMatch: "denied",
  CredentialsProviderError: "denied",
  // Archived: trying again will not help until someone restores it, which takes hours.
  InvalidObjectState: "denied",
  SlowDown: "throttled",
  TooManyRequests: "throttled",
  TooManyRequestsException: "throttled",
  RequestLimitExceeded: "throttled",
  Throttling: "throttled",
  ThrottlingException: "throttled",
  ServiceUnavailable: "throttled",
  // Our clock is wrong; the SDK has noted by how much, and the next try will do.
  RequestTimeTooSkewed: "unavailable",
  RequestTimeout: "timeout",
  TimeoutError: "timeout",
};

function codeOfStatus(status: number): StoreErrorCode {
  if (status === 503) return "throttled"; // S3 answers so to too many requests
  if (status < 300) return "unavailable"; // a body that cannot be parsed, as that of a proxy's page
  const code = storeCodeOfStatus(status);
  // The other statuses mean another region, an expired token or the like: the setup is wrong.
  return code === "corrupt" ? "denied" : code;
}

/** What the SDK adds to errors. */
interface SdkError extends Error {
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** `error` of the SDK as ours; defects stay what they are. */
export function translateS3Error(error: unknown): unknown {
  if (error instanceof ZiplinkError || !(error instanceof Error)) return error;
  const { name, code, $metadata, $response }: SdkError = error;
  const status = $metadata?.httpStatusCode;
  // The SDK calls broken connections TimeoutError too: those have a code of the system.
  const isOfNetwork = typeof code === "string" && !(error instanceof TypeError);
  const isBroken = isOfNetwork && code !== "ETIMEDOUT" && status === undefined;
  let ours = isBroken ? "unavailable" : codeByName[name];
  if (ours === undefined && status !== undefined) ours = codeOfStatus(status);
  if (ours === undefined) return error;
  const headers = $response?.headers;
  const retryAfterMs = parseRetryAfter(headers?.["retry-after"], headers?.date);
  return storeError(ours, error, { retryAfterMs });
}

/** `answer` with its failure as ours. */
export async function translated<T>(
  answer: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    signal?.throwIfAborted();
    throw translateS3Error(error);
  }
}

/** Whether the store has refused us, once its error has been translated. */
export function isDenied(error: unknown): boolean {
  return error instanceof ZiplinkError && error.code === "denied";
}

/** Returns the error for a body that failed, for any reason: the answer's status was fine. */
export function brokenBody(cause: unknown): ZiplinkError {
  return storeError("broken_off", cause);
}
