import { ZiplinkError } from "../../core/errors.ts";

/** The code that a promise rejects with, what else it rejects with as text, or "resolved". */
export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.then(
    () => "resolved",
    (reason) => reason,
  );
  return error instanceof ZiplinkError ? error.code : String(error);
}

/** The error of ours that a promise rejects with; throws where it does anything else. */
export async function failureOf(promise: Promise<unknown>): Promise<ZiplinkError> {
  const error: unknown = await promise.then(
    () => "resolved",
    (reason) => reason,
  );
  if (error instanceof ZiplinkError) return error;
  throw new Error(`no ZiplinkError: ${error}`, { cause: error });
}
