import type { Audit, Principal } from "./audit.ts";

/** What a request has about it that HTTP does not tell: an edge makes one, and the stages use it. */
export interface RequestScope {
  /** When the request came, in the time of `performance.now()`. */
  readonly began: number;
  /** Where its audit lines go. */
  readonly audit: Audit;
  /**
   * Lets a principal in that has proved who it is, before the store is asked for anything. Rejects with
   * `too_many_requests`.
   */
  admit(principal: Principal): Promise<void>;
}

/** A scope that lets everybody in, and begins now. */
export function unrestrictedScope(audit: Audit): RequestScope {
  return { began: performance.now(), audit, admit: async () => undefined };
}
