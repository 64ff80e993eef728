import { type ErrorCode, objectMessages, ZiplinkError } from "../../core/errors.ts";
import { parseRetryAfter } from "../../core/input/retry-after.ts";

/** What is said of each failure: nothing of the store. */
const messages = {
  not_found: objectMessages.not_found,
  denied: "The store does not let this service read the objects.",
  changed: objectMessages.changed,
  throttled: "The store is busy. Try again later.",
  unavailable: "The store cannot be reached now. Try again.",
  timeout: "The store did not answer in time. Try again.",
} satisfies Partial<Record<ErrorCode, string>>;

type StoreErrorCode = keyof typeof messages;

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
  if (status === 404) return "not_found";
  if (status === 412 || status === 416) return "changed";
  if (status === 429 || status === 503) return "throttled";
  if (status === 408 || status === 504) return "timeout";
  // What is left of 3xx and 4xx is another region, an expired token or the like: a fault of the setup.
  if (status >= 300 && status < 500) return "denied";
  return "unavailable";
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
  return new ZiplinkError(ours, messages[ours], { cause: error, retryAfterMs });
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

/** The store has answered with other bytes, or another range, than it was asked for. */
export function corrupt(): ZiplinkError {
  return new ZiplinkError("corrupt", "The store's answer is not what it was asked for.");
}

/** A failure of a body, whatever it was: the answer's status was fine. */
export function brokenBody(cause: unknown): ZiplinkError {
  return new ZiplinkError("unavailable", messages.unavailable, { cause });
}

/** What the store has may not be served. */
export function denied(): ZiplinkError {
  return new ZiplinkError("denied", messages.denied);
}
