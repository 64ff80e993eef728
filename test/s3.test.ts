import { once } from "node:events";
import { type Agent, createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import { beforeAll, describe, expect, onTestFinished, test, vi } from "vitest";
import { createS3Source } from "../adapters/s3.ts";
import { createS3Client, type S3ClientOptions } from "../adapters/s3-client.ts";
import { createS3ObjectStore } from "../adapters/s3-object-store.ts";
import type { BlobInfo, BlobSource } from "../core/blob-source.ts";
import { ZiplinkError } from "../core/errors.ts";
import { crc32 } from "../core/zip/crc32.ts";
import { describeBlobSource } from "./contract/blob-source.ts";
import { collect, patterned } from "./support/bytes.ts";
import { startChecksumFront } from "./support/checksum-front.ts";
import { type Radosgw, radosgwTools, startRadosgw } from "./support/radosgw.ts";
import { describeWithTools } from "./support/tools.ts";

const region = "us-east-1";

async function failure(promise: Promise<unknown>): Promise<ZiplinkError> {
  const error: unknown = await promise.then(
    () => "resolved",
    (reason) => reason,
  );
  if (error instanceof ZiplinkError) return error;
  throw new Error(`no ZiplinkError: ${error}`, { cause: error });
}

const codeOf = async (promise: Promise<unknown>) => (await failure(promise)).code;

async function listed(source: BlobSource, prefix = ""): Promise<BlobInfo[]> {
  const infos: BlobInfo[] = [];
  for await (const info of source.list(prefix)) infos.push(info);
  return infos;
}

const keysOf = async (source: BlobSource, prefix = "") =>
  (await listed(source, prefix)).map(({ key }) => key);

const read = async (source: BlobSource, blob: BlobInfo, start = 0, end = blob.size) =>
  collect(await source.open(blob, { start, end }));

/** Connections of `client` with a request under way or a body that has not been read to its end. */
function busyConnections(client: S3Client): number {
  const handler = client.config.requestHandler as { httpHandlerConfigs?(): { httpAgent?: Agent } };
  return Object.values(handler.httpHandlerConfigs?.().httpAgent?.sockets ?? {}).flat().length;
}

describeWithTools("S3 (radosgw)", radosgwTools, () => {
  let gateway: Radosgw;
  let client: S3Client;

  beforeAll(async () => {
    gateway = await startRadosgw();
    client = connect(gateway.url);
    return async () => {
      client.destroy();
      await gateway.stop();
    };
  });

  function connect(endpoint: string): S3Client {
    const { credentials } = gateway;
    return createS3Client({ region, endpoint, credentials, forcePathStyle: true });
  }

  const put = (bucket: string, key: string, body: Uint8Array | string) =>
    client.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: body }));

  const remove = (bucket: string, key: string, version?: string) =>
    client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, VersionId: version }));

  let buckets = 0;
  async function makeBucket(objects: Readonly<Record<string, string>> = {}): Promise<string> {
    const bucket = `bucket-${++buckets}`;
    await client.send(new CreateBucketCommand({ Bucket: bucket }));
    for (const [key, body] of Object.entries(objects)) await put(bucket, key, body);
    return bucket;
  }

  async function makeVersionedBucket(): Promise<string> {
    const bucket = await makeBucket();
    const VersioningConfiguration = { Status: "Enabled" } as const;
    await client.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
    return bucket;
  }

  describeBlobSource("s3 (radosgw)", async () => {
    const bucket = await makeBucket();
    const reader = connect(gateway.url);
    const source = createS3Source({ client: reader, bucket });
    const wanted = new Map<string, Date>();
    return {
      source: {
        ...source,
        // S3 alone says when an object was modified. Where the adapter says the same as S3, this says
        // what the suite wanted; a time that the adapter got wrong stays and fails.
        async stat(key, signal) {
          const info = await source.stat(key, signal);
          const head = await client.send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
          const isTold = info.modified.getTime() === head.LastModified?.getTime();
          return { ...info, modified: (isTold && wanted.get(key)) || info.modified };
        },
      },
      async put(key, bytes, modified) {
        wanted.set(key, modified);
        await put(bucket, key, bytes);
      },
      async remove(key) {
        await remove(bucket, key);
      },
      held: () => busyConnections(reader),
      close: async () => reader.destroy(),
    };
  });

  test("counts the connections that it holds", async () => {
    const bucket = await makeBucket();
    await put(bucket, "large", patterned(8_000_000));
    const reader = connect(gateway.url);
    onTestFinished(() => reader.destroy());
    const source = createS3Source({ client: reader, bucket });
    const blob = await source.stat("large");
    const chunks = await source.open(blob, { start: 0, end: blob.size });
    expect(busyConnections(reader)).toBe(1);
    await chunks[Symbol.asyncIterator]().return?.();
    expect(busyConnections(reader)).toBe(0);
  });

  test("lists page by page, each asked for when it is needed", async () => {
    const keys = Array.from({ length: 8 }, (_, i) => `page/${i}`);
    const bucket = await makeBucket(Object.fromEntries(keys.map((key) => [key, key])));
    const reader = connect(gateway.url);
    onTestFinished(() => reader.destroy());
    const send = vi.spyOn(reader, "send");
    const source = createS3Source({ client: reader, bucket, pageSize: 3 });
    const seen: [string, number][] = [];
    for await (const { key } of source.list("page/")) seen.push([key, send.mock.calls.length]);
    expect(seen).toEqual(keys.map((key, i) => [key, 1 + Math.floor(i / 3)]));
    expect(send).toHaveBeenCalledTimes(3);
  });

  test("finds objects by exactly their keys, whatever a path would make of them", async () => {
    const keys = [
      "./dot",
      "/lead",
      "a b",
      "a%2Bb",
      "a+b",
      "a/.",
      "a/..",
      "a/../b",
      "b",
      "ctl\u0001x",
    ];
    keys.push("trail ", "x//y", "\ue000", "😀");
    const bucket = await makeBucket(Object.fromEntries(keys.map((key) => [key, `of ${key}`])));
    const source = createS3Source({ client, bucket, pageSize: 5 });
    expect(await keysOf(source)).toEqual(keys);
    for (const key of keys) {
      const blob = await source.stat(key);
      expect((await read(source, blob)).toString()).toBe(`of ${key}`);
    }
    for (const key of ["dot", "lead", "a", "a/", "x/y", "trail", "B"]) {
      expect(await codeOf(source.stat(key)), key).toBe("not_found");
    }
  });

  test("refuses what S3 has no keys for, also where a store has", async () => {
    const bucket = await makeBucket({ "../up": "1", "a/../../up": "2" });
    const source = createS3Source({ client, bucket });
    for (const key of ["../up", "a/../../up", "a//../../up", "", "\ud800", "x".repeat(1025)]) {
      expect(await codeOf(source.stat(key)), key).toBe("not_found");
    }
    expect(await codeOf(listed(source))).toBe("denied");
    expect(await listed(source, "\ud800")).toEqual([]);
    expect(await codeOf(source.stat("x".repeat(1024)))).toBe("not_found");
  });

  test("serves a folder of a bucket, and nothing beside it", async () => {
    const bucket = await makeBucket({
      ...{ "other.txt": "no", "team/": "", "team/a.txt": "a", "team/in/b.txt": "b" },
      ...{ "team/team/c.txt": "c", "team2/d.txt": "no" },
    });
    for (const prefix of ["team", "team/"]) {
      const source = createS3Source({ client, bucket, prefix });
      expect(await keysOf(source)).toEqual(["a.txt", "in/b.txt", "team/c.txt"]);
      expect(await keysOf(source, "team")).toEqual(["team/c.txt"]);
      const blob = await source.stat("in/b.txt");
      expect(blob).toMatchObject({ key: "in/b.txt", size: 1 });
      expect((await read(source, blob)).toString()).toBe("b");
      for (const key of ["", "2/d.txt", "../other.txt", "../team2/d.txt", "other.txt"]) {
        expect(await codeOf(source.stat(key)), key).toBe("not_found");
      }
    }
  });

  test("takes keys that end in a slash for objects like others", async () => {
    const bucket = await makeBucket({ "empty/": "", "full/": "text", "full/in": "more" });
    const source = createS3Source({ client, bucket });
    expect((await listed(source)).map(({ key, size }) => [key, size])).toEqual([
      ["empty/", 0],
      ["full/", 4],
      ["full/in", 4],
    ]);
    expect((await read(source, await source.stat("full/"))).toString()).toBe("text");
    expect((await read(source, await source.stat("empty/"))).toString()).toBe("");
    expect(await codeOf(source.stat("full"))).toBe("not_found");
  });

  test("describes an object's time and type alike in a listing and by itself", async () => {
    const bucket = await makeBucket();
    const object = { Bucket: bucket, Key: "a", Body: "a", ContentType: "text/x-test" };
    await client.send(new PutObjectCommand(object));
    const source = createS3Source({ client, bucket });
    const [inList] = await listed(source);
    const alone = await source.stat("a");
    expect(alone).toEqual({ ...inList, contentType: "text/x-test" });
  });

  test("looks for the object also when nothing of it is read", async () => {
    const bucket = await makeBucket({ a: "a" });
    const source = createS3Source({ client, bucket });
    const blob = await source.stat("a");
    expect(await read(source, blob, 1, 1)).toHaveLength(0);
    await put(bucket, "a", "b");
    expect(await codeOf(read(source, blob, 1, 1))).toBe("changed");
    await remove(bucket, "a");
    expect(await codeOf(read(source, blob, 1, 1))).toBe("not_found");
  });

  test("goes on with the version it has described, where the bucket keeps versions", async () => {
    const bucket = await makeVersionedBucket();
    const one = patterned(3_000_000, 1);
    const first = await put(bucket, "a", one);
    const source = createS3Source({ client, bucket });
    const blob = await source.stat("a");
    const [inList] = await listed(source);
    if (!inList) throw new Error("nothing is listed");
    expect(inList.version).toBe(blob.version);
    expect((await read(source, inList)).equals(one)).toBe(true);

    const chunks = await source.open(blob, { start: 0, end: 2_000_000 });
    await put(bucket, "a", patterned(3_000_000, 2));
    const rest = await read(source, { ...blob, crc32: 1 }, 2_000_000);
    expect(Buffer.concat([await collect(chunks), rest]).equals(one)).toBe(true);
    expect(await codeOf(read(source, inList))).toBe("changed");
    expect((await source.stat("a")).version).not.toBe(blob.version);

    await remove(bucket, "a");
    expect(await codeOf(source.stat("a"))).toBe("not_found");
    expect(await listed(source)).toEqual([]);
    expect((await read(source, blob)).equals(one)).toBe(true);
    await remove(bucket, "a", first.VersionId);
    expect(await codeOf(read(source, blob))).toBe("not_found");
  });

  test.each([
    ["secret", { secretAccessKey: "wrong" }],
    ["id", { accessKeyId: "NOBODY" }],
  ])("is denied with a wrong %s", async (_, wrong) => {
    const bucket = await makeBucket({ a: "a" });
    const blob = await createS3Source({ client, bucket }).stat("a");
    const credentials = { ...gateway.credentials, ...wrong };
    const endpoint = gateway.url;
    const stranger = createS3Client({ region, endpoint, credentials, forcePathStyle: true });
    onTestFinished(() => stranger.destroy());
    const source = createS3Source({ client: stranger, bucket });
    expect(await codeOf(source.stat("a"))).toBe("denied");
    expect(await codeOf(listed(source))).toBe("denied");
    expect(await codeOf(read(source, blob))).toBe("denied");
  });

  test("finds nothing in a bucket that is not there, and keeps why", async () => {
    const source = createS3Source({ client, bucket: "no-such-bucket" });
    const blob = { key: "a", size: 1, version: '"x"', modified: new Date() };
    expect(await codeOf(source.stat("a"))).toBe("not_found");
    expect(await codeOf(read(source, blob))).toBe("not_found");
    const error = await failure(listed(source));
    expect(error).toMatchObject({ code: "not_found", cause: { name: "NoSuchBucket" } });
  });

  test("keeps small objects", async () => {
    const bucket = await makeBucket();
    const store = createS3ObjectStore({ client, bucket, prefix: "cache" });
    expect(await store.get("a.crc")).toBeUndefined();
    await store.put("a.crc", Buffer.from("one"));
    await store.put("a.crc", Buffer.from("two"));
    expect(Buffer.from((await store.get("a.crc")) ?? []).toString()).toBe("two");
    expect(await keysOf(createS3Source({ client, bucket }))).toEqual(["cache/a.crc"]);
    const lost = createS3ObjectStore({ client, bucket: "no-such-bucket" });
    expect(await codeOf(lost.get("a"))).toBe("not_found");
    expect(await codeOf(lost.put("a", Buffer.from("a")))).toBe("not_found");
    const signal = AbortSignal.abort(new Error("left"));
    await expect(store.get("a.crc", signal)).rejects.toThrow("left");
    await expect(store.put("a.crc", Buffer.from("b"), signal)).rejects.toThrow("left");
  });

  describe("behind a front that states checksums", () => {
    const bytes = patterned(4_000_000);
    const checksum = Buffer.alloc(4);
    checksum.writeUInt32BE(crc32(bytes));
    const stated = checksum.toString("base64");

    async function startFront(headers: Readonly<Record<string, string>>) {
      const bucket = await makeBucket();
      await put(bucket, "a", bytes);
      const front = await startChecksumFront(gateway.url);
      onTestFinished(() => front.close());
      front.headers = headers;
      return { bucket, front };
    }

    test.each([
      ["FULL_OBJECT", stated, crc32(bytes)],
      ["COMPOSITE", `${stated}-1`, undefined],
      ["COMPOSITE", stated, undefined],
      ["FULL_OBJECT", "AAA=", undefined],
      ["", stated, undefined],
    ])("believes a checksum of type %j, %j, or not", async (type, value, expected) => {
      const { bucket, front } = await startFront({
        "x-amz-checksum-crc32": value,
        ...(type !== "" && { "x-amz-checksum-type": type }),
      });
      const reader = connect(front.url);
      onTestFinished(() => reader.destroy());
      const source = createS3Source({ client: reader, bucket });
      const blob = await source.stat("a");
      expect(blob.crc32).toBe(expected);
      expect((await read(source, blob)).equals(bytes)).toBe(true);
    });

    test("lets go of bodies that a client with other settings checks", async () => {
      const { bucket, front } = await startFront({ "x-amz-checksum-crc32": stated });
      const { credentials } = gateway;
      const reader = new S3Client({
        region,
        endpoint: front.url,
        credentials,
        forcePathStyle: true,
      });
      onTestFinished(() => reader.destroy());
      const source = createS3Source({ client: reader, bucket });
      const blob = await source.stat("a");
      expect((await read(source, blob)).equals(bytes)).toBe(true);
      for await (const _ of await source.open(blob, { start: 0, end: blob.size })) break;
      await expect.poll(() => busyConnections(reader)).toBe(0);
    });
  });
});

describe("S3's answers", () => {
  type Answer = (request: IncomingMessage, response: ServerResponse) => void;

  /** A source whose store answers as it is told, and its client. */
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
    [404, "NoSuchKey", "not_found"],
    [404, "NoSuchBucket", "not_found"],
    [404, "NoSuchVersion", "changed"],
    [412, "PreconditionFailed", "changed"],
    [416, "InvalidRange", "changed"],
    [429, "TooManyRequests", "throttled"],
    [500, "InternalError", "unavailable"],
    [501, "NotImplemented", "unavailable"],
    [503, "SlowDown", "throttled"],
    [503, "ServiceUnavailable", "throttled"],
    [504, "GatewayTimeout", "timeout"],
  ])("%i %s is %s", async (status, name, code) => {
    const { source } = await startStore((_, response) => {
      response.writeHead(status, { "content-type": "application/xml" });
      response.end(`<Error><Code>${name}</Code><Message>about private-name</Message></Error>`);
    });
    for (const ask of [open, listed]) {
      const error = await failure(ask(source));
      expect(error).toMatchObject({ code, cause: { name } });
      expect(error.message).not.toContain("private-name");
      expect(error.retryAfterMs).toBeUndefined();
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

  test("passes on how long to wait", async () => {
    let retryAfter = "7";
    const { source } = await startStore((_, response) =>
      response.writeHead(503, { "retry-after": retryAfter }).end(),
    );
    expect(await failure(stat(source))).toMatchObject({ retryAfterMs: 7000 });
    retryAfter = "Thu, 01 Jan 1998 00:00:00 GMT";
    expect(await failure(stat(source))).toMatchObject({ retryAfterMs: 0 });
    retryAfter = "soon";
    expect((await failure(stat(source))).retryAfterMs).toBeUndefined();
  });

  test("is asked once: whoever calls knows whether to try again", async () => {
    let requests = 0;
    const { source } = await startStore((_, response) => {
      requests++;
      response.writeHead(500).end();
    });
    for (const ask of [stat, open, listed]) expect(await codeOf(ask(source))).toBe("unavailable");
    expect(requests).toBe(3);
  });

  test("is unavailable when nothing listens, or hangs up", async () => {
    const { source, close } = await startStore((request) => request.socket.destroy());
    for (const ask of [stat, open, listed]) expect(await codeOf(ask(source))).toBe("unavailable");
    await close();
    for (const ask of [stat, open, listed]) expect(await codeOf(ask(source))).toBe("unavailable");
  });

  test("is unavailable when what it says is no listing", async () => {
    const { source } = await startStore((_, response) => response.end("<html><p>Log in"));
    expect(await codeOf(listed(source))).toBe("unavailable");
  });

  test("is late when it does not answer", async () => {
    const { source } = await startStore(() => undefined, { answerTimeoutMs: 20 });
    expect(await codeOf(source.stat("a"))).toBe("timeout");
  });

  test.each(["FIN", "RST"])("reports a body that breaks off by %s", async (how) => {
    const { source, client } = await startStore((request, response) => {
      response.writeHead(206, range);
      response.write("12345", () => {
        if (how === "FIN") request.socket.end();
        else request.socket.resetAndDestroy();
      });
    });
    const error = await failure((async () => collect(await open(source)))());
    expect(error).toMatchObject({ code: "unavailable", cause: { code: "ECONNRESET" } });
    expect(busyConnections(client)).toBe(0);
  });

  test.each([
    ["the whole for a range", 200, { etag: '"tag"', "content-length": 10 }, 5],
    ["another range", 206, { ...range, "content-range": "bytes 0-8/10", "content-length": 9 }, 10],
    ["of another size", 206, { ...range, "content-range": "bytes 0-9/11" }, 10],
    ["of another length", 206, { ...range, "content-length": 9 }, 10],
  ])("does not take an answer that is %s", async (_, status, headers, end) => {
    const { source, client } = await startStore((_, response) => {
      response.writeHead(status, headers).flushHeaders();
    });
    expect(await codeOf(source.open(blob, { start: 0, end }))).toBe("corrupt");
    await expect.poll(() => busyConnections(client)).toBe(0);
  });

  test("notices another version where a store does not", async () => {
    const { source } = await startStore((_, response) =>
      response.writeHead(206, { ...range, etag: '"other"' }).end("0123456789"),
    );
    expect(await codeOf(open(source))).toBe("changed");
  });

  test("takes the whole for a range that is all of it", async () => {
    const { source } = await startStore((_, response) =>
      response.writeHead(200, { etag: "tag", "content-length": 10 }).end("0123456789"),
    );
    expect((await collect(await open(source))).toString()).toBe("0123456789");
  });

  test("does not take a listing for whole that is not", async () => {
    const { source } = await startStore((_, response) =>
      response.end("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
    );
    expect(await codeOf(listed(source))).toBe("corrupt");
  });

  test("reads keys of a listing as the store has written them", async () => {
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

  test("reads by the ETag alone where it may not read versions", async () => {
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

  test("ends a read that is given up while it waits for a chunk", async () => {
    const { source } = await startStore((_, response) => response.writeHead(206, range).write("1"));
    const chunks = (await open(source))[Symbol.asyncIterator]();
    expect((await chunks.next()).done).toBe(false);
    const waiting = chunks.next();
    await chunks.return?.();
    expect(await waiting).toEqual({ done: true, value: undefined });
    expect(await chunks.next()).toEqual({ done: true, value: undefined });
  });
});
