import { Writable } from "node:stream";
import { release } from "../../core/bytes/chunks.ts";

/** What of a platform's response the sink needs. */
export interface Outgoing {
  /** Calls `done` once the system has the chunk. */
  write(chunk: Uint8Array, done: (error?: Error | null) => void): unknown;
  end(done: () => void): unknown;
  once(event: "close", listener: () => void): unknown;
}

/**
 * A sink that writes to `outgoing`, chunk by chunk, and frees each once it is in the hands of the
 * system.
 *
 * @param breakOff breaks `outgoing`, if what it is fed with fails
 */
export function releasingSink(outgoing: Outgoing, breakOff: (error: Error) => void): Writable {
  const sink = new Writable({
    highWaterMark: 0, // one chunk at a time: what waits, waits in `outgoing`
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
