import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy that closes connections midway (FIN), as a failing server does. */
export interface CuttingProxy {
  /** `http://127.0.0.1:port`, the same for the proxy's lifetime. */
  readonly url: string;
  /** The URL that connections are forwarded to. May change, as when a server is restarted. */
  target: string;
  /**
   * For each connection to come, in order, the number of answer bytes after which it is cut. When
   * empty, connections are not cut.
   */
  readonly cuts: number[];
  /** Called when a connection is cut, before its client can notice. */
  onCut: () => void;
  /** Returns how many connections were cut. */
  cutCount(): number;
  close(): Promise<void>;
}

export async function startCuttingProxy(target: string): Promise<CuttingProxy> {
  const sockets = new Set<Socket>();
  let cutCount = 0;
  const server = createServer((client) => {
    const { hostname, port } = new URL(proxy.target);
    const upstream = connect(Number(port), hostname);
    let left = proxy.cuts.shift() ?? Number.POSITIVE_INFINITY;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on("close", () => {
        sockets.delete(socket);
        client.destroySoon();
        upstream.destroy();
      });
      // The handler above closes the other side, where the error is noticed.
      socket.on("error", () => undefined);
    }
    client.pipe(upstream);
    upstream.on("data", (bytes) => {
      const part = bytes.subarray(0, left);
      left -= part.length;
      if (!client.write(part)) {
        upstream.pause();
        client.once("drain", () => upstream.resume());
      }
      if (left > 0) return;
      cutCount++;
      proxy.onCut();
      upstream.destroy();
      client.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const proxy: CuttingProxy = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    target,
    cuts: [],
    onCut: () => undefined,
    cutCount: () => cutCount,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
  return proxy;
}
