import { once } from "node:events";
import { createServer, request } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

/** A store behind a proxy that states checksums which the store does not know. */
export interface ChecksumFront {
  /** `http://127.0.0.1:port` */
  readonly url: string;
  /** Headers added to each answer to a HEAD or GET, such as `x-amz-checksum-crc32`. */
  headers: Readonly<Record<string, string>>;
  close(): Promise<void>;
}

/**
 * Starts the proxy. It passes everything else on unchanged, including `Host`, which is part of what
 * is signed.
 */
export async function startChecksumFront(target: string): Promise<ChecksumFront> {
  const { hostname, port } = new URL(target);
  const server = createServer((incoming, outgoing) => {
    const { method, url: path, headers } = incoming;
    const passedOn = request({ hostname, port, method, path, headers }, (answer) => {
      const isRead = method === "HEAD" || method === "GET";
      const added = isRead ? front.headers : {};
      outgoing.writeHead(answer.statusCode ?? 502, { ...answer.headers, ...added });
      pipeline(answer, outgoing).catch(() => passedOn.destroy());
    });
    pipeline(incoming, passedOn).catch(() => outgoing.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const front: ChecksumFront = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers: {},
    async close() {
      server.closeAllConnections();
      await once(server.close(), "close");
    },
  };
  return front;
}
