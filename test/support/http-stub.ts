import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";
import { expect, onTestFinished } from "vitest";
import { createHttpSource, type HttpSourceOptions } from "../../adapters/http/source.ts";
import type { BlobInfo, BlobSource, ByteRange } from "../../core/blob-source.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { collect, patterned } from "./bytes.ts";

/** A web server that answers as a test specifies, and records its requests. */
export interface Stub {
  readonly origin: string;
  /** `127.0.0.1:port` */
  readonly host: string;
  answer: RequestListener;
  readonly requests: IncomingMessage[];
  /** Returns how many connections were ever made to it. */
  connections(): number;
}

export async function startStub(answer: RequestListener): Promise<Stub> {
  let connections = 0;
  const server = createServer((request, response) => {
    stub.requests.push(request);
    stub.answer(request, response);
  });
  server.on("connection", () => connections++);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const stub: Stub = {
    origin: `http://${host}`,
    host,
    answer,
    requests: [],
    connections: () => connections,
  };
  return stub;
}

/**
 * Starts a stub, and a source below its `/base/`. The source has a single connection: an answer
 * that it does not release would block the next request for ever.
 */
export async function startSource(
  answer: RequestListener,
  options: Omit<HttpSourceOptions, "base" | "dispatcher"> = {},
) {
  const stub = await startStub(answer);
  const dispatcher = new Pool(stub.origin, { connections: 1 });
  onTestFinished(() => dispatcher.destroy());
  const source = createHttpSource({ base: `${stub.origin}/base/`, dispatcher, ...options });
  return { stub, source };
}

export const bytes = patterned(100);
export const lastModified = "Thu, 29 Feb 2024 12:34:57 GMT";

/** The object, as `answering()` serves it. */
export const object: BlobInfo = {
  key: "a",
  size: 100,
  version: '"one"',
  modified: new Date(lastModified),
};

export type Changes = Readonly<Record<string, string | number | undefined>>;

export interface Faulty {
  /** Headers to replace or, if `undefined`, to remove. */
  readonly headers?: Changes;
  readonly status?: number;
  /** Sent instead of the requested bytes. */
  readonly body?: Buffer;
}

/** Serves `bytes` correctly, except for the given faults. */
export function answering({ headers: changes = {}, status, body }: Faulty = {}): RequestListener {
  return ({ method, headers }, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? "") ?? [];
    const [start, end] = first === undefined ? [0, 100] : [Number(first), Number(last) + 1];
    response.statusCode = status ?? (first === undefined ? 200 : 206);
    const all: Changes = {
      "content-length": end - start,
      "content-range": first === undefined ? undefined : `bytes ${start}-${end - 1}/100`,
      etag: '"one"',
      "last-modified": lastModified,
      ...changes,
    };
    for (const [name, value] of Object.entries(all)) {
      if (value !== undefined) response.setHeader(name, value);
    }
    response.end(method === "HEAD" ? undefined : (body ?? bytes.subarray(start, end)));
  };
}

export async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}

export async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await errorOf(promise);
  return error instanceof ZiplinkError ? error.code : String(error ?? "ok");
}

/** Returns "ok" if the right bytes arrived; otherwise the code of the failure. */
export async function outcomeOf(
  source: BlobSource,
  blob: BlobInfo,
  range: ByteRange,
): Promise<string> {
  return codeOf(
    (async () => {
      const read = await collect(await source.open(blob, range));
      expect(read.equals(bytes.subarray(range.start, range.end))).toBe(true);
    })(),
  );
}

export const part = { start: 10, end: 20 };
export const whole = { start: 0, end: 100 };

export async function expectStillReads({ stub, source }: Awaited<ReturnType<typeof startSource>>) {
  stub.answer = answering();
  expect(await outcomeOf(source, object, part)).toBe("ok");
}
