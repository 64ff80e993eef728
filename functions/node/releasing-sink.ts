import { Writable } from "node:stream";
import { release } from "../../core/bytes/chunks.ts";

/** The part of a platform's response that the sink uses. */
export interface Outgoing {
  /** Calls `done` once the system has the chunk. */
  write(chunk: Uint8Array, done: (error?: Error | null) => void): unknown;
  end(done: () => void): unknown;
  once(event: "close", listener: () => void): unknown;
}

/**
 * Creates a sink that writes to `outgoing` chunk by chunk, and releases each chunk once the system has
 * taken it.
 *
 * @param breakOff breaks off `outgoing` if the stream piped into the sink fails
 */
export function releasingSink(outgoing: Outgoing, breakOff: (error: Error) => void): Writable {
  const sink = new Writable({
    highWaterMark: 0, // one chunk at a time: only `outgoing` buffers
    write(chunk: Uint8Array, _encoding, done) {
      outgoing.write(chunk, (error) => {
        if (!error) release(chunk);
        done(error);
      });
    },
    final(done) {
      outgoing.end(done);
    },
    destroy(error, done) {
      if (error) breakOff(error);
      done(error);
    },
  });
  outgoing.once("close", () => sink.destroy());
  return sink;
}
