import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** A TCP proxy that ends connections midway, by closing them (FIN) as a server that fails does. */
export interface CuttingProxy {
  /** `http://127.0.0.1:port`, the same for as long as it runs. */
  readonly url: string;
  /** Where connections go, as a URL; may change, as when a server is started anew. */
  target: string;
  /** For each connection to come, in turn, after how many bytes of answer it is cut; none left: never. */
  readonly cuts: number[];
  /** Called when a connection is cut, before its client can know. */
  onCut: () => void;
  /** How many connections were cut. */
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
      // The other side is closed by the handler above; who was talking learns of it there.
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
