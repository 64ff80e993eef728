import { notReplaceable, uploadGone, wrongUpload } from "../../core/delivery/joined-parts.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { translated, translateS3Error } from "./errors.ts";

/**
 * Codes that only writes receive:
 * https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html#ErrorCodeList
 */
const errorByName: Readonly<Record<string, (cause: unknown) => ZiplinkError>> = {
  NoSuchUpload: uploadGone,
  // radosgw's answer for an upload that has completed.
  NoSuchKey: uploadGone,
  BadDigest: wrongBytes,
  InvalidDigest: wrongBytes,
  XAmzContentSHA256Mismatch: wrongBytes,
  XAmzContentChecksumMismatch: wrongBytes,
  IncompleteBody: brokenOff,
  InvalidPart: wrongBytes,
  InvalidPartOrder: wrongBytes,
  EntityTooSmall: wrongBytes,
  PreconditionFailed: notReplaceable,
  // Another object appeared or disappeared while the upload completed.
  ConditionalRequestConflict: notReplaceable,
  NoSuchBucket: noBucket,
  QuotaExceeded: full,
  InsufficientStorage: full,
};

const STATUS_INSUFFICIENT_STORAGE = 507;

/** Awaits the answer to a writing request, and translates its failure. */
export function translatedWrite<T>(
  answer: Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T> {
  return translated(answer, signal, translateWriteError);
}

function translateWriteError(error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ZiplinkError) return error;
  // A store may call its error `constructor`.
  const known = Object.hasOwn(errorByName, error.name) ? errorByName[error.name] : undefined;
  if (known) return known(error);
  const { $metadata } = error as { $metadata?: { readonly httpStatusCode?: number } };
  const status = $metadata?.httpStatusCode ?? 0;
  if (status === STATUS_INSUFFICIENT_STORAGE) return full(error);
  // An answer that began well and cannot be read: the write may have happened, and a retry finds out.
  if (status >= 200 && status < 300) return storeError("unavailable", error);
  const translated = translateS3Error(error);
  if (!(translated instanceof ZiplinkError) || translated.code !== "denied") return translated;
  return new ZiplinkError(
    "denied",
    "The store does not let this service write to the destination.",
    {
      cause: error,
    },
  );
}

function wrongBytes(cause: unknown): ZiplinkError {
  const { code, message } = wrongUpload();
  return new ZiplinkError(code, message, { cause });
}

function brokenOff(cause: unknown): ZiplinkError {
  return new ZiplinkError("unavailable", "An upload broke off. Try again.", { cause });
}

function noBucket(cause: unknown): ZiplinkError {
  return new ZiplinkError("denied", "The destination's bucket does not exist.", { cause });
}

function full(cause: unknown): ZiplinkError {
  return new ZiplinkError("full", "The destination has no room left.", { cause });
}
