import type { IncomingMessage } from "node:http";

/** A fault of the next matching requests. */
export interface Fault {
  /** Matched against the method and the URL as sent, such as `GET /storage/v1/b/...`. */
  readonly match: RegExp;
  /** Number of requests that it affects; default 1. */
  readonly times?: number;
  /** The status to answer with. */
  readonly status?: number;
  readonly retryAfter?: string;
  /** Delays the answer until it resolves. */
  readonly until?: Promise<void>;
  /** Number of an object's bytes that are sent before the connection ends. */
  readonly dropAfter?: number;
  /** How the connection ends: closed (FIN), the default, or reset (RST). */
  readonly dropBy?: "close" | "reset";
  /** Sent instead of the object's bytes. */
  readonly wrongBytes?: Buffer;
}

export interface Faults {
  /** Adds a fault. Resolves when it first affects a request. */
  add(fault: Fault): Promise<void>;
  /** Returns the fault that affects this request, if any. */
  take(request: IncomingMessage): Fault | undefined;
}

export function createFaults(): Faults {
  const pending: { readonly fault: Fault; left: number; readonly befall: () => void }[] = [];
  return {
    add(fault) {
      const { promise, resolve: befall } = Promise.withResolvers<void>();
      pending.push({ fault, left: fault.times ?? 1, befall });
      return promise;
    },
    take({ method, url }) {
      const found = pending.find(
        ({ fault, left }) => left > 0 && fault.match.test(`${method} ${url}`),
      );
      if (!found) return undefined;
      found.left--;
      found.befall();
      return found.fault;
    },
  };
}
