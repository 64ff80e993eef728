import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createS3Client, type S3ClientOptions } from "../../../adapters/s3/client.ts";
import { createS3Source } from "../../../adapters/s3/source.ts";
import type { BlobSource } from "../../../core/blob-source.ts";
import { collect } from "../../support/bytes.ts";
import { codeOf, failureOf } from "../../support/error-codes.ts";
import { busyConnections, region } from "../../support/s3-store.ts";
import { listed, read } from "../../support/source-contents.ts";

describe("S3's answers", () => {
  type Answer = (request: IncomingMessage, response: ServerResponse) => void;

  /** Starts a store that answers as `answer` says. Returns a source over it, and its client. */
  async function startStore(answer: Answer, options: S3ClientOptions = {}) {
    const server = createServer(answer);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const client = createS3Client({
      region,
      endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      forcePathStyle: true,
      credentials: { accessKeyId: "id", secretAccessKey: "secret" },
      ...options,
    });
    const close = async () => {
      client.destroy();
      server.closeAllConnections();
      if (server.listening) await once(server.close(), "close");
    };
    onTestFinished(close);
    return { source: createS3Source({ client, bucket: "bucket" }), client, close };
  }

  const blob = { key: "private-name", size: 10, version: '"tag"', modified: new Date() };
  const stat = (source: BlobSource) => source.stat("a");
  const open = (source: BlobSource) => source.open(blob, { start: 0, end: 10 });
  const range = { etag: '"tag"', "content-range": "bytes 0-9/10", "content-length": 10 };

  test.each([
    [301, "PermanentRedirect", "denied"],
    [400, "ExpiredToken", "denied"],
    [400, "RequestTimeout", "timeout"],
    [400, "AuthorizationHeaderMalformed", "denied"],
    [403, "AccessDenied", "denied"],
    [403, "InvalidAccessKeyId", "denied"],
    [403, "RequestTimeTooSkewed", "unavailable"],
    [403, "SignatureDoesNotMatch", "denied"],
    [403, "InvalidObjectState", "denied"],
    [403, "constructor", "denied"],
    [403, "__proto__", "denied"],
    [404, "NoSuchKey", "not_found"],
    [404, "NoSuchBucket", "not_found"],
    [404, "NoSuchVersion", "changed"],
    [412, "PreconditionFailed", "changed"],
    [416, "InvalidRange", "changed"],
    [429, "TooManyRequests", "throttled"],
    [500, "InternalError", "unavailable"],
    [501, "NotImplemented", "corrupt"],
    [503, "SlowDown", "throttled"],
    [503, "ServiceUnavailable", "throttled"],
    [504, "GatewayTimeout", "timeout"],
  ])("%i %s is %s", async (status, name, code) => {
    const { source } = await startStore((_, response) => {
      response.writeHead(status, { "content-type": "application/xml" });
      response.end(`<Error><Code>${name}</Code><Message>about private-name</Message></Error>`);
    });
    for (const ask of [open, listed]) {
      const error = await failureOf(ask(source));
      expect(error).toMatchObject({ code, cause: { name } });
      expect(error.message).not.toContain("private-name");
      expect(error.retryAfterMs).toBeUndefined();
    }
  });

  test.each([
    [301, "PermanentRedirect", "wrong_region"],
    [400, "AuthorizationHeaderMalformed", "wrong_region"],
    [400, "ExpiredToken", "wrong_credentials"],
    [401, "Unauthorized", "wrong_credentials"],
    [403, "InvalidAccessKeyId", "wrong_credentials"],
    [403, "SignatureDoesNotMatch", "wrong_credentials"],
    [404, "NoSuchBucket", "no_bucket"],
    [403, "AccessDenied", undefined],
    [404, "NoSuchKey", undefined],
  ])("%i %s has the reason %s", async (status, name, reason) => {
    const { source } = await startStore((_, response) => {
      response.writeHead(status, { "content-type": "application/xml" });
      response.end(`<Error><Code>${name}</Code><Message>m</Message></Error>`);
    });
    expect((await failureOf(listed(source))).reason).toBe(reason);
  });

  test("a client that finds no credentials says so, and not that an object is missing", async () => {
    const { source } = await startStore((_, response) => response.end(), {
      credentials: async () => {
        throw Object.assign(new Error("none"), { name: "CredentialsProviderError" });
      },
    });
    for (const ask of [stat, open, listed]) {
      expect(await failureOf(ask(source))).toMatchObject({
        code: "denied",
        reason: "no_credentials",
        cause: { name: "CredentialsProviderError" },
      });
    }
  });

  test.each([
    [301, "denied"],
    [400, "denied"],
    [403, "denied"],
    [404, "not_found"],
    [429, "throttled"],
    [500, "unavailable"],
    [502, "unavailable"],
    [503, "throttled"],
  ])("%i without a body, as to HEAD, is %s", async (status, code) => {
    const { source } = await startStore((_, response) => response.writeHead(status).end());
    expect(await codeOf(stat(source))).toBe(code);
  });

  test("passes Retry-After on", async () => {
    let retryAfter = "7";
    const { source } = await startStore((_, response) =>
      response.writeHead(503, { "retry-after": retryAfter }).end(),
    );
    expect(await failureOf(stat(source))).toMatchObject({ retryAfterMs: 7000 });
    retryAfter = "Thu, 01 Jan 1998 00:00:00 GMT";
    expect(await failureOf(stat(source))).toMatchObject({ retryAfterMs: 0 });
    retryAfter = "soon";
    expect((await failureOf(stat(source))).retryAfterMs).toBeUndefined();
  });

  test("is requested once: retries are the caller's decision", async () => {
    let requests = 0;
    const { source } = await startStore((_, response) => {
      requests++;
      response.writeHead(500).end();
    });
    for (const ask of [stat, open, listed]) expect(await codeOf(ask(source))).toBe("unavailable");
    expect(requests).toBe(3);
  });

  test("is unavailable when nothing listens, or the connection closes", async () => {
    const { source, close } = await startStore((request) => request.socket.destroy());
    for (const ask of [stat, open, listed]) expect(await codeOf(ask(source))).toBe("unavailable");
    await close();
    for (const ask of [stat, open, listed]) expect(await codeOf(ask(source))).toBe("unavailable");
  });

  test("times out when it does not answer", async () => {
    const { source } = await startStore(() => undefined, { answerTimeoutMs: 20 });
    expect(await codeOf(source.stat("a"))).toBe("timeout");
  });

  test.each(["FIN", "RST"])("reports a body that ends early by %s", async (how) => {
    const { source, client } = await startStore((request, response) => {
      response.writeHead(206, range);
      response.write("12345", () => {
        if (how === "FIN") request.socket.end();
        else request.socket.resetAndDestroy();
      });
    });
    const error = await failureOf((async () => collect(await open(source)))());
    expect(error).toMatchObject({ code: "unavailable", cause: { code: "ECONNRESET" } });
    expect(busyConnections(client)).toBe(0);
  });

  test.each([
    ["the whole for a range", 200, { etag: '"tag"', "content-length": 10 }, 5, "corrupt"],
    [
      "another range",
      206,
      { ...range, "content-range": "bytes 0-8/10", "content-length": 9 },
      10,
      "unavailable",
    ],
    ["of no range", 206, { ...range, "content-range": "bytes */10" }, 10, "corrupt"],
    ["of another size", 206, { ...range, "content-range": "bytes 0-9/11" }, 10, "changed"],
    ["of another length", 206, { ...range, "content-length": 9 }, 10, "unavailable"],
  ])("refuses an answer that is %s", async (_, status, headers, end, code) => {
    const { source, client } = await startStore((_, response) => {
      response.writeHead(status, headers).flushHeaders();
    });
    expect(await codeOf(source.open(blob, { start: 0, end }))).toBe(code);
    await expect.poll(() => busyConnections(client)).toBe(0);
  });

  test("notices a different version if the store does not", async () => {
    const { source } = await startStore((_, response) =>
      response.writeHead(206, { ...range, etag: '"other"' }).end("0123456789"),
    );
    expect(await codeOf(open(source))).toBe("changed");
  });

  test("accepts the whole object for a range that covers it", async () => {
    const { source } = await startStore((_, response) =>
      response.writeHead(200, { etag: "tag", "content-length": 10 }).end("0123456789"),
    );
    expect((await collect(await open(source))).toString()).toBe("0123456789");
  });

  test("refuses an incomplete listing", async () => {
    const { source } = await startStore((_, response) =>
      response.end("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
    );
    expect(await codeOf(listed(source))).toBe("corrupt");
  });

  test("reads keys of a listing as the store encodes them", async () => {
    let encoding = "<EncodingType>url</EncodingType>";
    const { source } = await startStore((_, response) =>
      response.end(
        `<ListBucketResult>${encoding}<Contents><Key>a+b%2Bc%20d</Key><Size>1</Size>` +
          "<ETag>tag</ETag><LastModified>2024-02-29T12:34:57.890Z</LastModified></Contents>" +
          "</ListBucketResult>",
      ),
    );
    const modified = new Date("2024-02-29T12:34:57Z");
    const info = { key: "a b+c d", size: 1, version: '"tag"', modified };
    expect(await listed(source)).toEqual([info]);
    encoding = "";
    expect(await listed(source)).toEqual([{ ...info, key: "a+b%2Bc%20d" }]);
  });

  test("reads by the ETag alone if it may not read versions", async () => {
    const asked: string[] = [];
    const { source } = await startStore((request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? "", "http://store");
      asked.push(
        `${request.method} ${searchParams.get("versionId")} ${request.headers["if-match"]}`,
      );
      if (request.method === "HEAD") {
        const versioned = pathname.endsWith("/versioned") ? "v1" : "null";
        const modified = "Thu, 29 Feb 2024 12:34:57 GMT";
        const facts = { etag: '"tag"', "content-length": 10, "last-modified": modified };
        response.writeHead(200, { ...facts, "x-amz-version-id": versioned }).end();
      } else if (searchParams.has("versionId")) response.writeHead(403).end();
      else response.writeHead(206, range).end("0123456789");
    });
    const versioned = await source.stat("versioned");
    expect((await read(source, versioned)).toString()).toBe("0123456789");
    await read(source, versioned);
    await read(source, await source.stat("old"));
    expect(asked).toEqual([
      "HEAD null undefined",
      'GET v1 "tag"',
      'GET null "tag"',
      'GET null "tag"',
      "HEAD null undefined",
      'GET null "tag"',
    ]);
  });

  test.each([
    ["stat", (source: BlobSource, signal: AbortSignal) => source.stat("a", signal)],
    [
      "open",
      (source: BlobSource, signal: AbortSignal) => source.open(blob, { start: 0, end: 9 }, signal),
    ],
    [
      "list",
      (source: BlobSource, signal: AbortSignal) =>
        source.list("", signal)[Symbol.asyncIterator]().next(),
    ],
  ])("stops waiting for an answer to %s when aborted", async (_, ask) => {
    const abort = new AbortController();
    let closed: Promise<unknown> | undefined;
    const { source } = await startStore((request) => {
      closed = once(request.socket, "close");
      abort.abort(new Error("left"));
    });
    await expect(ask(source, abort.signal)).rejects.toThrow("left");
    await closed;
  });

  test("ends a read that is abandoned while it waits for a chunk", async () => {
    const { source } = await startStore((_, response) => response.writeHead(206, range).write("1"));
    const chunks = (await open(source))[Symbol.asyncIterator]();
    expect((await chunks.next()).done).toBe(false);
    const waiting = chunks.next();
    await chunks.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
  });
});
