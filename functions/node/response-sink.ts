import { Writable } from "node:stream";
import { release } from "../../core/bytes/chunks.ts";

/** The part of a platform's response that the sink uses. */
export interface Outgoing {
  /** Calls `done` once the system has the chunk, or at least once `outgoing` has room for the next one. */
  write(chunk: Uint8Array, done: (error?: Error | null) => void): unknown;
  end(done: () => void): unknown;
  once(event: "close", listener: () => void): unknown;
}

/** Options of `responseSink`. */
export interface ResponseSinkOptions {
  /**
   * Whether to release each chunk once the system has it. Only for chunks that nobody else can see
   * (`ownsChunks`), and where `write` waits for the system.
   */
  readonly releases: boolean;
  /** Breaks off `outgoing`. Called if the stream piped into the sink, or a write, fails. */
  readonly breakOff: (error: Error) => void;
}

/** Creates a sink that writes to `outgoing` chunk by chunk. */
export function responseSink(
  outgoing: Outgoing,
  { releases, breakOff }: ResponseSinkOptions,
): Writable {
  const sink = new Writable({
    highWaterMark: 0, // one chunk at a time: only `outgoing` buffers
    write(chunk: Uint8Array, _encoding, done) {
      outgoing.write(chunk, (error) => {
        if (releases && !error) release(chunk);
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
