import { ZiplinkError } from "../../core/errors.ts";
import { parseRetryAfter } from "../../core/input/retry-after.ts";
import {
  type StoreFailure,
  storeCodeOfStatus,
  storeError,
} from "../../core/source/store-errors.ts";
import { hasUnreadableHeaders } from "../http-parser-errors.ts";

/**
 * Error codes of S3 and of the SDK:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
 */
const failures: Readonly<Record<string, StoreFailure>> = {
  NoSuchKey: "not_found",
  NotFound: "not_found",
  NoSuchBucket: "no_bucket",
  // The planned version was permanently deleted, or its id is that of a delete marker.
  NoSuchVersion: "changed",
  PreconditionFailed: "changed",
  InvalidRange: "changed",
  AccessDenied: "denied",
  ExpiredToken: "wrong_credentials",
  InvalidAccessKeyId: "wrong_credentials",
  InvalidToken: "wrong_credentials",
  SignatureDoesNotMatch: "wrong_credentials",
  TokenRefreshRequired: "wrong_credentials",
  // Of the SDK, which finds none, or whose login has ended.
  CredentialsProviderError: "no_credentials",
  TokenProviderError: "no_credentials",
  PermanentRedirect: "wrong_region",
  AuthorizationHeaderMalformed: "wrong_region",
  // A retry does not help until someone restores the object, which takes hours.
  InvalidObjectState: "archived",
  SlowDown: "throttled",
  TooManyRequests: "throttled",
  TooManyRequestsException: "throttled",
  RequestLimitExceeded: "throttled",
  Throttling: "throttled",
  ThrottlingException: "throttled",
  ServiceUnavailable: "throttled",
  // This machine's clock is wrong. The SDK has recorded the offset, so a retry succeeds.
  RequestTimeTooSkewed: "unavailable",
  RequestTimeout: "timeout",
  TimeoutError: "timeout",
};

/** A map, as a store may call its error `constructor`. */
const failureByName: ReadonlyMap<string, StoreFailure> = new Map(Object.entries(failures));

function codeOfStatus(status: number): StoreFailure {
  if (status === 503) return "throttled"; // S3's answer to too many requests
  if (status === 301) return "wrong_region";
  if (status === 401) return "wrong_credentials"; // of other stores
  if (status < 300) return "unreadable"; // by the SDK, which may fail at a single header or field
  const code = storeCodeOfStatus(status);
  // The other statuses mean a different region, an expired token or the like: the setup is wrong.
  return code === "corrupt" && status < 500 ? "denied" : code;
}

/** The fields that the SDK adds to errors. */
interface SdkError extends Error {
  readonly code?: unknown;
  readonly $metadata?: { readonly httpStatusCode?: number };
  readonly $response?: { readonly headers?: Readonly<Record<string, string>> };
}

/** Returns the store error for an error of the SDK; a defect stays as it is. */
export function translateS3Error(error: unknown): unknown {
  if (error instanceof ZiplinkError || !(error instanceof Error)) return error;
  const { name, code, $metadata, $response }: SdkError = error;
  const status = $metadata?.httpStatusCode;
  // The SDK calls broken connections TimeoutError too, but those have a system error's code.
  const isOfNetwork = typeof code === "string" && !(error instanceof TypeError);
  // A body that breaks has the status of its answer.
  const hasNoError = status === undefined || status < 300;
  const isBroken = isOfNetwork && code !== "ETIMEDOUT" && hasNoError;
  let ours: StoreFailure | undefined = isBroken ? "unavailable" : failureByName.get(name);
  // S3 has no code of its own for this.
  if (name === "InvalidRequest" && /encryption/i.test(error.message)) ours = "customer_key";
  if (hasUnreadableHeaders(code)) ours = "unreadable";
  if (ours === undefined && status !== undefined) ours = codeOfStatus(status);
  if (ours === undefined) return error;
  const headers = $response?.headers;
  const retryAfterMs = parseRetryAfter(headers?.["retry-after"], headers?.date);
  return storeError(ours, error, { retryAfterMs });
}

/** Returns what `answer` resolves to; rejects with its failure translated. */
export async function translated<T>(
  answer: Promise<T>,
  signal: AbortSignal | undefined,
  translate: (error: unknown) => unknown = translateS3Error,
): Promise<T> {
  try {
    return await answer;
  } catch (error) {
    signal?.throwIfAborted();
    throw translate(error);
  }
}

/** Returns the status of the answer that a translated error is about, if there was one. */
export function statusOf(error: unknown): number | undefined {
  if (!(error instanceof ZiplinkError) || !(error.cause instanceof Error)) return undefined;
  const { $metadata }: SdkError = error.cause;
  return $metadata?.httpStatusCode;
}

/** Whether a translated error is a refusal by the store. */
export function isDenied(error: unknown): boolean {
  return error instanceof ZiplinkError && error.code === "denied";
}

/** Returns the error for a body that failed, for any reason: the answer's status was fine. */
export function brokenBody(cause: unknown): ZiplinkError {
  return storeError("broken_off", cause);
}
