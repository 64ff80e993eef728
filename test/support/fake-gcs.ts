import { once } from "node:events";
import { createServer, globalAgent, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { select, sendError, sendJson, sendListing, sendMedia } from "./fake-gcs/answers.ts";
import { compose } from "./fake-gcs/compose.ts";
import { createFaults, type Fault } from "./fake-gcs/faults.ts";
import { crc32cOf, createFakeObjects, type FakeObjects, toResource } from "./fake-gcs/objects.ts";
import { readUpload } from "./fake-gcs/uploads.ts";

/**
 * A server with the parts of Cloud Storage's JSON API that the client needs to read, list and
 * upload.
 */
export interface FakeGcs {
  /** The client's `apiEndpoint`. */
  readonly url: string;
  readonly objects: FakeObjects;
  /** Each request so far: its method, and the URL as sent. */
  readonly requests: string[];
  /** Injects a fault. Resolves when it first takes effect. */
  fail(fault: Fault): Promise<void>;
  /**
   * Resolves with the number of requests in progress in this process, including unread answers,
   * once it has settled.
   */
  open(): Promise<number>;
  close(): Promise<void>;
}

export interface FakeGcsOptions {
  /** The name of the only bucket; default `bucket`. */
  readonly bucket?: string;
  /** Maximum number of objects in a page of a listing; default 1,000, as in Cloud Storage. */
  readonly pageSize?: number;
  /** Whether overwritten or deleted generations can still be read; default false. */
  readonly keepsGenerations?: boolean;
}

/** Starts the server on 127.0.0.1, at a free port. */
export async function startFakeGcs({
  bucket = "bucket",
  pageSize = 1000,
  keepsGenerations = false,
}: FakeGcsOptions = {}): Promise<FakeGcs> {
  const objects = createFakeObjects(keepsGenerations);
  const faults = createFaults();
  const requests: string[] = [];
  let answering = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = faults.take(request);
    await fault?.until;
    const { pathname, searchParams: query } = new URL(request.url ?? "", "http://localhost");
    if (fault?.status !== undefined) {
      return sendError(response, fault.status, `Injected for ${pathname}`, fault.retryAfter);
    }
    if (!pathname.startsWith("/storage/v1/b/") && !pathname.startsWith("/upload/storage/v1/b/")) {
      return sendError(response, 404, "Not Found");
    }
    const [bucketName, kind, encodedName, verb] = pathname.split("/v1/b/")[1]?.split("/") ?? [];
    if (bucketName !== bucket) {
      return sendError(response, 404, "The specified bucket does not exist.");
    }
    if (kind !== "o") return sendJson(response, 200, { kind: "storage#bucket", name: bucket });

    /** https://docs.cloud.google.com/storage/docs/request-preconditions; 0 is for no object. */
    const isAllowed = (name: string) => {
      const generation = query.get("ifGenerationMatch");
      return generation === null || generation === (objects.find(name)?.generation ?? "0");
    };
    if (request.method === "POST" && verb === "compose") {
      const name = decodeURIComponent(encodedName ?? "");
      return compose(request, response, name, objects, () => isAllowed(name));
    }
    if (request.method === "POST") {
      const { name, bytes, stated, ...options } = await readUpload(request, query);
      if (stated !== undefined && stated !== crc32cOf(bytes)) {
        return sendError(response, 400, "Provided CRC32C doesn't match calculated CRC32C.");
      }
      if (!isAllowed(name)) return sendError(response, 412, "A precondition did not hold.");
      return sendJson(response, 200, toResource(objects.put(name, bytes, options)));
    }
    if (encodedName === undefined) {
      const found = objects.list(query.get("prefix") ?? "");
      return sendListing(response, query, found, pageSize);
    }
    const name = decodeURIComponent(encodedName);
    const object = objects.find(name, query.get("generation"));
    if (!object) return sendError(response, 404, `No such object: ${bucket}/${name}`);
    if (!isAllowed(name)) return sendError(response, 412, "A precondition did not hold.");
    if (request.method === "DELETE") {
      objects.remove(name);
      response.writeHead(204).end();
    } else if (query.get("alt") === "media") {
      sendMedia(request, response, object, fault);
    } else {
      sendJson(response, 200, select(toResource(object), query.get("fields")));
    }
  }

  const server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    answering++;
    response.on("close", () => answering--);
    answer(request, response).catch((error) => sendError(response, 500, String(error)));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  /** Includes answers that lie completely, and unread, in the sockets' buffers. */
  const open = () => Math.max(answering, socketsInUse(port));

  return {
    url: `http://127.0.0.1:${port}`,
    objects,
    requests,
    fail: faults.add,
    async open() {
      // A socket that one end has closed closes at the other within a few turns of the event loop.
      for (let turn = 0; turn < 100 && open() > 0; turn++) {
        await new Promise((resolve) => setImmediate(resolve));
      }
      return open();
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Returns how many connections to `port` of Node's own agent are not free for another request. */
function socketsInUse(port: number): number {
  const hosts = Object.entries(globalAgent.sockets);
  return hosts
    .filter(([name]) => name.startsWith(`127.0.0.1:${port}:`))
    .reduce((total, [, sockets]) => total + (sockets?.length ?? 0), 0);
}
