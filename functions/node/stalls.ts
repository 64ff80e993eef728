import { ZiplinkError } from "../../core/errors.ts";
import type { Outgoing } from "./response-sink.ts";

/** Options of `watchStalls`. */
export interface StallOptions {
  /** Longest time that a client may take no byte of what there is, in milliseconds. `Infinity`: no limit. */
  readonly stallMs: number;
  /** Called once a client has taken nothing for that long. Must break off. */
  readonly onStall: () => void;
  /**
   * Returns the number of bytes that the system has not taken yet, if it is known. A change shows that a
   * slow client takes bytes of a large chunk. Default: only whole chunks count.
   */
  readonly unsent?: () => number | undefined;
}

/** How often the progress of a write is looked at before its client counts as stalled. */
const LOOKS = 4;

/**
 * Wraps `outgoing`, and calls `onStall` when the client takes no byte for too long. Time in which there is
 * nothing to take does not count: then the source is slow, not the client.
 */
export function watchStalls(
  outgoing: Outgoing,
  { stallMs, onStall, unsent = () => undefined }: StallOptions,
): Outgoing {
  if (!Number.isFinite(stallMs)) return outgoing;
  let timer: NodeJS.Timeout | undefined;
  let left: number | undefined;
  let idle = 0;
  const wait = () => {
    timer = setTimeout(look, stallMs / LOOKS);
  };
  const look = () => {
    const now = unsent();
    idle = now === left ? idle + 1 : 0;
    left = now;
    if (idle < LOOKS) wait();
    else onStall();
  };
  const during = (send: (done: () => void) => void) => {
    idle = 0;
    wait();
    send(() => clearTimeout(timer));
    left = unsent();
  };
  outgoing.once("close", () => clearTimeout(timer));
  return {
    write(chunk, done) {
      during((stop) => {
        outgoing.write(chunk, (error) => {
          stop();
          done(error);
        });
      });
    },
    end(done) {
      during((stop) => {
        outgoing.end(() => {
          stop();
          done();
        });
      });
    },
    once: (event, listener) => outgoing.once(event, listener),
  };
}

/** Returns the error that ends the body of a stalled client. */
export function clientStalled(): ZiplinkError {
  return new ZiplinkError("stalled", "The client took nothing for too long. Resume the download.");
}
