import { ZiplinkError } from "../../core/errors.ts";

/** Returns the code that a promise rejects with, any other rejection as text, or "resolved". */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => "resolved",
    (reason) => reason,
  );
  return error instanceof ZiplinkError ? error.code : String(error);
}

/**
 * Returns the `ZiplinkError` that a promise rejects with. Throws if it resolves, or rejects with
 * anything else.
 */
export async function failureOf(promise: Promise<unknown>): Promise<ZiplinkError> {
  const error: unknown = await promise.then(
    () => "resolved",
    (reason) => reason,
  );
  if (error instanceof ZiplinkError) return error;
  throw new Error(`not a ZiplinkError: ${error}`, { cause: error });
}
