import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";

/** Bytes that Node reads at a time. */
const READ_BYTES = 64 * 1024;

/** Bytes that are read at a time from a connection with a large body. */
const LARGE_READ_BYTES = 1024 * 1024;

/**
 * Creates agents for many long downloads. Their connections read into the same memory over and
 * over. Node would allocate a new buffer for each read, and collecting those takes more time than
 * the rest of a read. Reuse is safe, because Node's parser copies what it passes on.
 */
export function createAgents(options: http.AgentOptions) {
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) };
}

const readingInLarge = new WeakSet<Duplex>();

/**
 * Sets whether the connection that carries a body reads in large pieces, which takes less time.
 * Only for readers that free their chunks explicitly: the garbage collector would leave more chunks
 * of this size lying around. Has no effect on TLS connections, which decrypt 16 KiB at a time, nor
 * on connections of other agents.
 */
export function readInLarge(connection: Duplex, isWanted: boolean): void {
  if (isWanted) readingInLarge.add(connection);
  else readingInLarge.delete(connection);
}

class HttpAgent extends http.Agent {
  // One buffer for all connections: the parser has copied it before the next connection is read.
  readonly #small = Buffer.allocUnsafeSlow(READ_BYTES);
  readonly #large = Buffer.allocUnsafeSlow(LARGE_READ_BYTES);

  override createConnection(...[options, callback]: Parameters<http.Agent["createConnection"]>) {
    return connect(
      (onread) => super.createConnection({ ...options, ...onread }, callback),
      (socket) => (socket && readingInLarge.has(socket) ? this.#large : this.#small),
    );
  }
}

class HttpsAgent extends https.Agent {
  override createConnection(...[options, callback]: Parameters<https.Agent["createConnection"]>) {
    // One buffer per connection: a write to another connection may decrypt what this one has
    // received.
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    return connect(
      (onread) => super.createConnection({ ...options, ...onread }, callback),
      () => buffer,
    );
  }
}

/**
 * Creates a connection that reads into the given buffers. `onread` is described at
 * https://nodejs.org/api/net.html#new-netsocketoptions.
 *
 * @param bufferFor returns the buffer for the next read; on its first call, there is no socket yet
 */
function connect(
  create: (options: object) => Duplex | null | undefined,
  bufferFor: (socket: Duplex | null | undefined) => Buffer,
) {
  let socket: Duplex | null | undefined;
  socket = create({
    onread: {
      buffer: () => bufferFor(socket),
      callback(length: number, buffer: Uint8Array) {
        // As in Node's own reading: passed to the parser of whatever response the connection
        // carries.
        socket?.emit("data", Buffer.from(buffer.buffer, 0, length));
        return true;
      },
    },
  });
  return socket;
}
