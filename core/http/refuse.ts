import { ZiplinkError } from "../errors.ts";
import { type Audit, describeFailure, type Principal } from "./audit.ts";
import { problemResponse } from "./problem.ts";

/**
 * The response to a request that failed before it had one, and its audit line. An aborted request
 * has failed with its signal's reason if that is one of ours, such as a platform's deadline; else
 * the client left.
 */
export function refuse(
  request: Request,
  cause: unknown,
  principal: Principal,
  audit: Audit,
  headers?: Record<string, string>,
): Response {
  const error = request.signal.aborted ? abortOf(request.signal, cause) : cause;
  const response = problemResponse(error, headers);
  const { status } = response;
  audit({ event: "request_refused", ...principal, status, failure: describeFailure(error) });
  return response;
}

function abortOf({ reason }: AbortSignal, cause: unknown): ZiplinkError {
  if (reason instanceof ZiplinkError) return reason;
  return new ZiplinkError("aborted", "The client left.", { cause });
}
