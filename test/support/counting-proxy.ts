import { once } from "node:events";
import { Agent, createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

/** A proxy before an S3 server, which counts what goes through. */
export interface CountingProxy {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Bytes of objects that were read. */
  readonly read: number;
  /** Bytes of parts that were sent, also of those that broke off. */
  readonly sent: number;
  /** Sets both to 0. */
  reset(): void;
  close(): Promise<void>;
}

/** Passes everything on as it is: the host's name too, as it is signed. */
export async function startCountingProxy(target: string): Promise<CountingProxy> {
  const { hostname, port } = new URL(target);
  const agent = new Agent({ keepAlive: true, maxSockets: 64 });
  let read = 0;
  let sent = 0;
  const server = createServer((incoming, outgoing) => {
    const { method, url = "", headers } = incoming;
    const isPart = method === "PUT" && url.includes("partNumber=");
    // Objects of state are read and written beside.
    const isObject = method === "GET" && headers.range !== undefined;
    if (isPart) incoming.on("data", (chunk: Buffer) => (sent += chunk.length));
    const onward = request({ hostname, port, method, path: url, headers, agent }, (answer) => {
      if (isObject) answer.on("data", (chunk: Buffer) => (read += chunk.length));
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      pipeline(answer, outgoing).catch(() => onward.destroy());
    });
    pipeline(incoming, onward).catch(() => outgoing.destroy());
  });
  server.on("checkContinue", (incoming, outgoing) => {
    outgoing.writeContinue();
    delete incoming.headers.expect;
    server.emit("request", incoming, outgoing);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get read() {
      return read;
    },
    get sent() {
      return sent;
    },
    reset() {
      read = 0;
      sent = 0;
    },
    async close() {
      agent.destroy();
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
}
