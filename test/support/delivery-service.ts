import { once } from "node:events";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { readConfig } from "../../functions/config/config.ts";
import { createService } from "../../functions/service.ts";
import { callerToken } from "./api-client.ts";
import { apiSecret, linkSecret } from "./secrets.ts";
import { temporaryFolder } from "./temporary-folder.ts";

/** A service with deliveries from a folder into another one, and callers of it. */
export interface DeliveryService {
  /** Where deliveries go. */
  readonly out: string;
  readonly env: Readonly<Record<string, string>>;
  /** Puts a file into the source. */
  put(key: string, bytes: Uint8Array | string): Promise<void>;
  /** The bytes of a delivered file. */
  read(key: string): Promise<Buffer | undefined>;
  /** Sends a request as a caller with these prefixes. */
  call(
    method: string,
    path: string,
    options?: {
      body?: unknown;
      caller?: string;
      prefixes?: string[];
      headers?: Record<string, string>;
    },
  ): Promise<Response>;
  /** Sends a request as anybody. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  /** Waits until a delivery is over or paused, by its events; returns what is told of it at last. */
  settled(id: string, caller?: string): Promise<Described>;
}

/** A delivery as callers see it. */
export interface Described {
  readonly id: string;
  readonly status: string;
  readonly progress: { readonly bytes: number; readonly total: number | null };
  readonly error?: { readonly code: string; readonly detail: string };
  readonly result?: {
    readonly url: string;
    readonly page: string;
    readonly size: number;
    readonly etag?: string;
    readonly checksums: Readonly<Record<string, string>>;
  };
}

export async function startDeliveryService(
  settings: Readonly<Record<string, string>> = {},
): Promise<DeliveryService> {
  const [source, out, state] = await Promise.all([
    temporaryFolder(),
    temporaryFolder(),
    temporaryFolder(),
  ]);
  const env = {
    SOURCE: source,
    LINK_SECRET: linkSecret,
    API_SECRET: apiSecret,
    DELIVERY_STORE: state,
    DELIVERY_DESTINATIONS: out,
    PUBLIC_URL: "http://ziplink.test",
    LOG_LEVEL: "silent",
    ...settings,
  };
  const app = await createService(readConfig(env));
  const service: DeliveryService = {
    out,
    env,
    async put(key, bytes) {
      await mkdir(dirname(join(source, key)), { recursive: true });
      await writeFile(join(source, key), bytes);
    },
    read: (key) => readFile(join(out, key)).catch(() => undefined),
    call(method, path, { body, caller = "caller-1", prefixes = [""], headers = {} } = {}) {
      const token = callerToken(apiSecret, prefixes, { sub: caller });
      return service.fetch(path, {
        method,
        headers: {
          Authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { "Content-Type": "application/json" }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    },
    fetch: (path, init) => app(new Request(new URL(path, "http://ziplink.test"), init)),
    async settled(id, caller = "caller-1") {
      const response = await service.call("GET", `/deliveries/${id}/events`, { caller });
      const decoder = new TextDecoder();
      let last: Described | undefined;
      for await (const chunk of response.body ?? []) {
        for (const [, data = ""] of decoder.decode(chunk).matchAll(/^data: (.*)$/gm)) {
          last = JSON.parse(data) as Described;
        }
        if (last?.status === "paused") break;
      }
      if (!last) throw new Error("no event came");
      return last;
    },
  };
  return service;
}

/** A web server with files to fetch, and whoever is notified. */
export async function startOrigin(answer: RequestListener) {
  const requests: { readonly request: IncomingMessage; readonly body: string }[] = [];
  const waiting: (() => void)[] = [];
  let connections = 0;
  const server = createServer(async (request, response) => {
    const body = request.method === "POST" ? await text(request) : "";
    requests.push({ request, body });
    for (const wake of waiting.splice(0)) wake();
    answer(request, response);
  });
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    await once(server.close(), "close");
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    connections: () => connections,
    /** Resolves once so many requests have come. */
    async came(count: number) {
      while (requests.length < count) await new Promise<void>((wake) => waiting.push(wake));
    },
  };
}

/** Answers GET and HEAD for `bytes` as a web server does, with ranges and an ETag. */
export function serveBytes(bytes: Buffer, etag = '"v1"'): RequestListener {
  return (request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const ifMatch = request.headers["if-match"];
    if (ifMatch !== undefined && ifMatch !== etag) return void response.writeHead(412).end();
    const start = Number(first ?? 0);
    const end = last === undefined ? bytes.length : Math.min(Number(last) + 1, bytes.length);
    response.writeHead(first === undefined ? 200 : 206, {
      etag,
      "content-length": end - start,
      "accept-ranges": "bytes",
      ...(first === undefined
        ? {}
        : { "content-range": `bytes ${start}-${end - 1}/${bytes.length}` }),
    });
    response.end(request.method === "HEAD" ? undefined : bytes.subarray(start, end));
  };
}
