import { notFound, ZiplinkError } from "../../core/errors.ts";

/** `promise` with its failure as ours. */
export async function translated<T>(promise: Promise<T>): Promise<T> {
  try {
    return await promise;
  } catch (error) {
    throw translate(error);
  }
}

/** Node's system errors as ours: https://nodejs.org/api/errors.html#common-system-errors */
export function translate(error: unknown): unknown {
  if (isMissing(error)) return notFound(error);
  switch (systemCode(error)) {
    case "EACCES":
    case "EPERM":
    case "ELOOP":
      return new ZiplinkError("denied", "The served folder may not be read.", { cause: error });
    case "EMFILE":
    case "ENFILE":
    case "EIO":
    case "EBUSY":
      return new ZiplinkError("unavailable", "The files cannot be read now. Try again.", {
        cause: error,
      });
    default:
      return error;
  }
}

/** Whether there is no such path. */
export function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === "ENOENT" || code === "ENOTDIR" || code === "ENAMETOOLONG";
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error ? (error as NodeJS.ErrnoException).code : undefined;
}
