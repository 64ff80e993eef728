import type { ServerResponse } from "node:http";
import { Http2ServerResponse } from "node:http2";
import type { Outgoing } from "./response-sink.ts";

/** A response of Node's HTTP servers, or of a framework that extends them. */
export type NodeResponse = ServerResponse | Http2ServerResponse;

/** The methods that both kinds of response share. */
interface Written {
  write(chunk: Uint8Array): boolean;
  end(): unknown;
  on(event: "drain", listener: () => void): unknown;
  once(event: "finish" | "close", listener: () => void): unknown;
}

/** Waits for room in the buffer of `outgoing`, as `pipe` does, not until the system has each chunk. */
export function withoutCallbacks(outgoing: Written): Outgoing {
  let goOn: () => void = () => undefined;
  // One listener for all chunks: where `on` is replaced too, `once` would leave its listeners behind.
  outgoing.on("drain", () => goOn());
  return {
    write(chunk, done) {
      if (outgoing.write(chunk) !== false) return done();
      goOn = () => {
        goOn = () => undefined;
        done();
      };
    },
    end(done) {
      outgoing.once("finish", done);
      outgoing.end();
    },
    once: (event, listener) => outgoing.once(event, listener),
  };
}

/** Writes chunks in pieces of up to `bytes` bytes, one after the other. */
export function inPieces(outgoing: Outgoing, bytes: number): Outgoing {
  const write: Outgoing["write"] = (chunk, done) => {
    if (chunk.length <= bytes) return outgoing.write(chunk, done);
    return outgoing.write(chunk.subarray(0, bytes), (error) => {
      if (error) done(error);
      else write(chunk.subarray(bytes), done);
    });
  };
  return {
    write,
    end: (done) => outgoing.end(done),
    once: (event, listener) => outgoing.once(event, listener),
  };
}

/**
 * Returns the number of bytes of an HTTP/1 response that the system has not taken yet, as Node's own socket
 * timeouts measure it. Node does not document the field, so it may be absent. The streams of an HTTP/2
 * connection share its socket, which says nothing about one of them.
 */
export function unsentBytes(outgoing: NodeResponse): number | undefined {
  if (outgoing instanceof Http2ServerResponse || outgoing.socket === null) return undefined;
  const handle: unknown = Reflect.get(outgoing.socket, "_handle");
  if (typeof handle !== "object" || handle === null) return undefined;
  const size: unknown = Reflect.get(handle, "writeQueueSize");
  return typeof size === "number" ? size : undefined;
}
