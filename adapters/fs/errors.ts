import { type StoreErrorCode, storeError } from "../../core/source/store-errors.ts";

/** Returns what `promise` resolves to; rejects with its failure translated. */
export async function translated<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw translate(error);
  }
}

/** https://nodejs.org/api/errors.html#common-system-errors, and errno(3) */
const codeBySystemCode: Readonly<Record<string, StoreErrorCode>> = {
  ENOENT: "not_found",
  ENOTDIR: "not_found",
  ENAMETOOLONG: "not_found",
  EACCES: "denied",
  EPERM: "denied",
  EROFS: "denied",
  ELOOP: "denied",
  // Something else has the name of the folder or of an object, and has to be removed.
  EEXIST: "denied",
  EISDIR: "denied",
  ETIMEDOUT: "timeout", // a network file system
  EAGAIN: "unavailable",
  EBUSY: "unavailable",
  EDQUOT: "unavailable",
  EIO: "unavailable",
  EMFILE: "unavailable",
  ENFILE: "unavailable",
  ENOMEM: "unavailable",
  ENOSPC: "unavailable",
  ESTALE: "unavailable",
};

/** Returns the store error for a Node.js system error; any other error is a defect and stays as it is. */
export function translate(error: unknown): unknown {
  const code = codeBySystemCode[systemCode(error)];
  return code === undefined ? error : storeError(code, error);
}

/** Whether there is no such path. */
export function isMissing(error: unknown): boolean {
  return codeBySystemCode[systemCode(error)] === "not_found";
}

/** Whether a path is longer than the system allows. */
export function isTooLong(error: unknown): boolean {
  return systemCode(error) === "ENAMETOOLONG";
}

function systemCode(error: unknown): string {
  return (error instanceof Error && (error as NodeJS.ErrnoException).code) || "";
}
