import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

/** A web server whose objects can be held back. */
export interface HeldServer {
  /** The `base` for a source. */
  readonly base: string;
  /** Releases the bytes of the object `key`, which are not sent before. */
  release(key: string): void;
  stop(): Promise<void>;
}

/** Serves `objects` on 127.0.0.1, in ranges too; those in `held` only once they are released. */
export async function startHeldServer(
  objects: Readonly<Record<string, Buffer>>,
  held: readonly string[],
): Promise<HeldServer> {
  const gates = new Map(held.map((key) => [key, Promise.withResolvers<void>()]));
  const server = createServer(async ({ method, url = "", headers }, response) => {
    const key = url.slice(1);
    const bytes = objects[key];
    if (!bytes) return response.writeHead(404).end();
    const [, start = 0, last = bytes.length - 1] =
      /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "")?.map(Number) ?? [];
    const part = bytes.subarray(start, last + 1);
    response.writeHead(headers.range ? 206 : 200, {
      ETag: `"${key}"`,
      "Accept-Ranges": "bytes",
      "Content-Length": part.length,
      ...(headers.range ? { "Content-Range": `bytes ${start}-${last}/${bytes.length}` } : {}),
    });
    if (method === "HEAD") return response.end();
    response.flushHeaders();
    await gates.get(key)?.promise;
    return response.end(part);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    base: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    release: (key) => gates.get(key)?.resolve(),
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}
