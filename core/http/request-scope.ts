import type { Audit, Principal } from "./audit.ts";

/** The context of a request beyond HTTP. The edge creates one per request, and the stages use it. */
export interface RequestScope {
  /** When the request arrived, as of `performance.now()`. */
  readonly began: number;
  /** Receives the request's audit events. */
  readonly audit: Audit;
  /**
   * Admits an authenticated principal. Called before the store is asked for anything. Rejects with
   * `too_many_requests`.
   */
  admit(principal: Principal): Promise<void>;
}

/** Returns a scope that admits every principal and begins now. */
export function unrestrictedScope(audit: Audit): RequestScope {
  return { began: performance.now(), audit, admit: async () => undefined };
}
