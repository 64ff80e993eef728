import { Http2ServerResponse } from "node:http2";
import { ZiplinkError } from "../../core/errors.ts";
import type { NodeResponse } from "./outgoing.ts";

/** Breaks off a response whose body is being sent, with the reason for the audit. */
export type BreakOff = (reason: ZiplinkError) => void;

/**
 * The responses in progress of a server, so that it can stop in order: those that end in time are whole, and
 * their connections close; the others are broken off, and their clients can resume elsewhere.
 */
export class Drain {
  readonly #responses = new Map<NodeResponse, BreakOff | undefined>();
  #closeIdle: (() => void) | undefined;

  /**
   * Follows a response until its connection or stream is done with it. Returns a function that takes how to
   * break it off, once its body is being sent.
   */
  follow(outgoing: NodeResponse): (breakOff: BreakOff) => void {
    this.#responses.set(outgoing, undefined);
    if (this.#closeIdle) announceClose(outgoing);
    outgoing.once("close", () => {
      this.#responses.delete(outgoing);
      // Its connection may have been promised to stay open.
      this.#closeIdle?.();
    });
    return (breakOff) => {
      if (this.#responses.has(outgoing)) this.#responses.set(outgoing, breakOff);
    };
  }

  /**
   * Begins to drain: every response from now on says that its connection will close.
   *
   * @param closeIdle closes the connections without a request; called after each response
   */
  begin(closeIdle: () => void): void {
    this.#closeIdle = closeIdle;
    for (const outgoing of this.#responses.keys()) announceClose(outgoing);
    closeIdle();
  }

  /** Breaks off all bodies that are still being sent. */
  breakOff(): void {
    const reason = new ZiplinkError("stopping", "The server is stopping. Resume the download.");
    for (const breakOff of this.#responses.values()) breakOff?.(reason);
  }
}

/** HTTP/2 has no such header: a GOAWAY frame says the same for all streams. */
function announceClose(outgoing: NodeResponse): void {
  if (outgoing instanceof Http2ServerResponse || outgoing.headersSent) return;
  outgoing.setHeader("Connection", "close");
}
