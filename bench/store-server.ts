/**
 * A store for the benchmark, in a separate process: `node store-server.ts SPEC`. Implements the
 * part of S3's protocol that reading needs, generates its objects, and can be as slow as a real
 * store.
 */
import { randomFillSync } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { syntheticName } from "./synthetic-source.ts";
import { WARM_UP_BUCKET, warmUpSpec } from "./warm-up.ts";

export interface StoreSpec {
  readonly objects: number;
  readonly objectBytes: number;
  /** From a request to the first byte of the response. Milliseconds. */
  readonly firstByteMs: number;
  /** The maximum rate of a connection; 0 for no limit. */
  readonly bytesPerSecond: number;
}

export interface StoreMessage {
  readonly port: number;
}

const PAGE = 1000;
const CHUNK = 1024 * 1024;
const TICK_MS = 10;
const MODIFIED = new Date("2026-01-01T00:00:00Z");
const ETAG = '"9b2cf535f27731c974343645a3985328"';

const ownSpec = JSON.parse(process.argv[2] ?? "") as StoreSpec;
const pattern = randomFillSync(Buffer.alloc(CHUNK));

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? "/", "http://store");
  const [, bucket] = url.pathname.split("/");
  const spec = bucket === WARM_UP_BUCKET ? warmUpSpec : ownSpec;
  if (spec.firstByteMs > 0) await sleep(spec.firstByteMs);
  if (url.searchParams.has("list-type")) {
    list(url, spec, response);
    return;
  }
  const [, first, last] = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? "") ?? [];
  const start = Number(first ?? 0);
  const end = last ? Math.min(Number(last) + 1, spec.objectBytes) : spec.objectBytes;
  response.writeHead(first === undefined ? 200 : 206, {
    "Content-Length": end - start,
    "Content-Type": "application/octet-stream",
    ETag: ETAG,
    "Last-Modified": MODIFIED.toUTCString(),
    "Accept-Ranges": "bytes",
    ...(first === undefined
      ? {}
      : { "Content-Range": `bytes ${start}-${end - 1}/${spec.objectBytes}` }),
  });
  if (request.method === "HEAD") response.end();
  else await send(response, end - start, spec);
});

async function send(
  response: ServerResponse,
  length: number,
  { bytesPerSecond }: StoreSpec,
): Promise<void> {
  const perTick = (bytesPerSecond * TICK_MS) / 1000;
  const step = perTick > 0 ? Math.min(CHUNK, perTick) : CHUNK;
  const started = performance.now();
  for (let sent = 0; sent < length; ) {
    const part = pattern.subarray(0, Math.min(step, length - sent));
    sent += part.length;
    const late = perTick > 0 ? (sent / bytesPerSecond) * 1000 - (performance.now() - started) : 0;
    if (late > 1) await sleep(late);
    if (response.destroyed) return;
    if (!response.write(part)) {
      await drained(response);
    }
  }
  response.end();
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      response.off("drain", done).off("close", done);
      resolve();
    };
    response.on("drain", done).on("close", done);
  });
}

function list(url: URL, spec: StoreSpec, response: ServerResponse): void {
  const from = Number(url.searchParams.get("continuation-token") ?? 0);
  const to = Math.min(from + PAGE, spec.objects);
  const items = Array.from(
    { length: to - from },
    (_, i) =>
      `<Contents><Key>${syntheticName(from + i)}</Key><LastModified>${MODIFIED.toISOString()}</LastModified>` +
      `<ETag>${ETAG}</ETag><Size>${spec.objectBytes}</Size></Contents>`,
  );
  const next = to < spec.objects ? `<NextContinuationToken>${to}</NextContinuationToken>` : "";
  response.setHeader("Content-Type", "application/xml");
  response.end(
    `<?xml version="1.0"?><ListBucketResult><IsTruncated>${to < spec.objects}</IsTruncated>` +
      `${next}<EncodingType>url</EncodingType>${items.join("")}</ListBucketResult>`,
  );
}

server.keepAliveTimeout = 60_000;
server.listen(0, "127.0.0.1", () => {
  process.send?.({ port: (server.address() as AddressInfo).port } satisfies StoreMessage);
});
process.on("disconnect", () => process.exit());
