import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";

/** Length of what Node reads at a time, in bytes. */
const READ_BYTES = 64 * 1024;

/** The same for who reads in large. */
const LARGE_READ_BYTES = 1024 * 1024;

/**
 * Agents for many long downloads. Each of their connections reads into the same memory, over and over:
 * Node would allocate another buffer for each read, and letting those be collected takes more time than
 * all else about a read. Node's parser keeps nothing of it, as it copies what it hands out.
 */
export function createAgents(options: http.AgentOptions) {
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) };
}

const readingInLarge = new WeakSet<Duplex>();

/**
 * Whether the connection that a body comes by is to read in large, which takes less time. That is for
 * readers that free by hand what they get: of parts as large the garbage collector lets more lie.
 * Connections by TLS, which decrypts 16 KiB at a time, and those of other agents take no notice.
 */
export function readInLarge(connection: Duplex, isWanted: boolean): void {
  if (isWanted) readingInLarge.add(connection);
  else readingInLarge.delete(connection);
}

class HttpAgent extends http.Agent {
  // One for all: what is read is with the parser before the next connection is read from.
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
    // One for each: a write to another connection may decrypt what has come by that.
    const buffer = Buffer.allocUnsafeSlow(READ_BYTES);
    return connect(
      (onread) => super.createConnection({ ...options, ...onread }, callback),
      () => buffer,
    );
  }
}

/**
 * https://nodejs.org/api/net.html#new-netsocketoptions describes `onread`.
 *
 * @param bufferFor what to read into next; the first time there is no socket yet
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
        // As Node's own reading has it: to the parser of whatever answer the connection carries.
        socket?.emit("data", Buffer.from(buffer.buffer, 0, length));
        return true;
      },
    },
  });
  return socket;
}
