import { ZiplinkError } from "../errors.ts";
import { type Audit, describeFailure, type Principal } from "./audit.ts";
import { describeProblem, type Problem, toProblemResponse } from "./problem.ts";

/** Options of `refuse`. */
export interface RefusalOptions {
  /** Header fields that replace those of the problem. Default: none. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Makes the response. Default: `application/problem+json` (RFC 9457). */
  readonly present?: (problem: Problem) => Response;
}

/**
 * Returns the error response to a request that failed before it had a response, and writes its audit event.
 * If the request was aborted, the error is the signal's reason if that is a `ZiplinkError`, such as a
 * platform's deadline; otherwise the client left.
 */
export function refuse(
  request: Request,
  cause: unknown,
  principal: Principal,
  audit: Audit,
  { headers, present = toProblemResponse }: RefusalOptions = {},
): Response {
  const error = request.signal.aborted ? abortOf(request.signal, cause) : cause;
  const problem = describeProblem(error);
  const response = present({ ...problem, headers: { ...problem.headers, ...headers } });
  const { status } = response;
  audit({ event: "request_refused", ...principal, status, failure: describeFailure(error) });
  return response;
}

function abortOf({ reason }: AbortSignal, cause: unknown): ZiplinkError {
  if (reason instanceof ZiplinkError) return reason;
  return new ZiplinkError("aborted", "The client left.", { cause });
}
