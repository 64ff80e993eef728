import http from "node:http";
import https from "node:https";
import type { Duplex } from "node:stream";

/** Length of what Node reads at a time, in bytes. */
const READ_BYTES = 64 * 1024;

/**
 * Agents for many long downloads. Each of their connections reads into one buffer, over and over: Node
 * would allocate another one for each read, and letting those be collected takes more time than all
 * else about a read. Node's parser keeps nothing of the buffer, as it copies what it hands out.
 */
export function createAgents(options: http.AgentOptions) {
  return { httpAgent: new HttpAgent(options), httpsAgent: new HttpsAgent(options) };
}

class HttpAgent extends http.Agent {
  override createConnection(...[options, callback]: Parameters<http.Agent["createConnection"]>) {
    return connect((onread) => super.createConnection({ ...options, ...onread }, callback));
  }
}

class HttpsAgent extends https.Agent {
  override createConnection(...[options, callback]: Parameters<https.Agent["createConnection"]>) {
    return connect((onread) => super.createConnection({ ...options, ...onread }, callback));
  }
}

/** https://nodejs.org/api/net.html#new-netsocketoptions describes `onread`. */
function connect(create: (options: object) => Duplex | null | undefined) {
  const socket = create({
    onread: {
      buffer: Buffer.allocUnsafeSlow(READ_BYTES),
      callback(length: number, buffer: Uint8Array) {
        // As Node's own reading has it: to the parser of whatever answer the connection carries.
        socket?.emit("data", Buffer.from(buffer.buffer, 0, length));
        return true;
      },
    },
  });
  return socket;
}
