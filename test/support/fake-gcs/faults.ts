import type { IncomingMessage } from "node:http";

/** What goes wrong with the next requests that match. */
export interface Fault {
  /** Matched against the method and the URL as they were sent, such as `GET /storage/v1/b/...`. */
  readonly match: RegExp;
  /** How many requests it befalls; default 1. */
  readonly times?: number;
  /** The status to answer with. */
  readonly status?: number;
  readonly retryAfter?: string;
  /** The answer waits for it. */
  readonly until?: Promise<void>;
  /** How many bytes of an object are sent until the connection ends. */
  readonly dropAfter?: number;
  /** How it ends: closed (FIN), the default, or reset (RST). */
  readonly dropBy?: "close" | "reset";
  /** What is sent in place of the object's bytes. */
  readonly wrongBytes?: Buffer;
}

export interface Faults {
  /** Resolves when it first befalls a request. */
  add(fault: Fault): Promise<void>;
  /** The fault that befalls this request. */
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
