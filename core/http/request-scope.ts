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
  /**
   * Keeps the admitted principal's slot for a body, which outlives the handling of its request. Returns a
   * function that releases the slot; further calls of it do nothing. Without a call of `hold`, the slot is
   * released as soon as the response is made.
   */
  hold(): () => void;
}

/** Returns a scope that admits every principal and begins now. */
export function unrestrictedScope(audit: Audit): RequestScope {
  return {
    began: performance.now(),
    audit,
    admit: async () => undefined,
    hold: () => () => undefined,
  };
}
