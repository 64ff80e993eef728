import { once } from "node:events";
import { mkdir, rename, rm, utimes, writeFile } from "node:fs/promises";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { dirname, join, posix } from "node:path";
import { Agent, errors, Pool, request } from "undici";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createHttpSource, type HttpSourceOptions } from "../adapters/http.ts";
import type { BlobInfo, BlobSource, ByteRange } from "../core/blob-source.ts";
import { ZiplinkError } from "../core/errors.ts";
import { describeBlobSource } from "./contract/blob-source.ts";
import { collect, patterned } from "./support/bytes.ts";
import { startFaultProxy } from "./support/fault-proxy.ts";
import { seededFaults } from "./support/faults.ts";
import { startNginx } from "./support/nginx.ts";
import { makeFolder, removeFolder, temporaryFolder } from "./support/temporary-folder.ts";
import { describeWithTools } from "./support/tools.ts";

/** An agent that counts the requests whose answers have not ended, by any way they end. */
function countingAgent() {
  const agent = new Agent();
  let open = 0;
  const dispatcher = agent.compose((dispatch) => (options, handler) => {
    open++;
    return dispatch(options, {
      onRequestStart: (...args) => handler.onRequestStart?.(...args),
      onResponseStart: (...args) => handler.onResponseStart?.(...args),
      onResponseData: (...args) => handler.onResponseData?.(...args),
      onResponseEnd(...args) {
        open--;
        handler.onResponseEnd?.(...args);
      },
      onResponseError(...args) {
        open--;
        handler.onResponseError?.(...args);
      },
    });
  });
  return { dispatcher, open: () => open, close: () => agent.destroy() };
}

describeWithTools("http source", ["nginx"], () => {
  describeBlobSource("http (nginx)", async () => {
    const folder = await makeFolder();
    const root = join(folder, "root");
    await mkdir(root);
    const nginx = await startNginx({ root });
    const agent = countingAgent();
    return {
      source: createHttpSource({ base: nginx.url, dispatcher: agent.dispatcher }),
      canList: false,
      async put(key, bytes, modified) {
        const path = join(root, key);
        await mkdir(dirname(path), { recursive: true });
        // As any careful publisher: what nginx sends now stays what it is.
        const next = join(folder, "next");
        await writeFile(next, bytes);
        await utimes(next, modified, modified);
        await rename(next, path);
      },
      remove: (key) => rm(join(root, key)),
      held: agent.open,
      async close() {
        await agent.close();
        await nginx.stop();
        await removeFolder(folder);
      },
    };
  });

  test("is not given what nginx would compress", async () => {
    const root = await temporaryFolder();
    const text = Buffer.from("all work and no play ".repeat(1000));
    await writeFile(join(root, "text.txt"), text);
    const nginx = await startNginx({ root, gzip: true });
    onTestFinished(nginx.stop);
    const headers = { "accept-encoding": "gzip" };
    const compressed = await request(`${nginx.url}/text.txt`, { headers });
    await compressed.body.dump();
    expect(compressed.headers).toMatchObject({
      etag: expect.stringMatching(/^W\//),
      "content-encoding": "gzip",
      "transfer-encoding": "chunked",
    });

    const source = createHttpSource({ base: nginx.url });
    const info = await source.stat("text.txt");
    expect(info).toMatchObject({ size: text.length, contentType: "text/plain" });
    expect(info.version).toMatch(/^"/);
    const read = await collect(await source.open(info, { start: 1, end: info.size }));
    expect(read.equals(text.subarray(1))).toBe(true);
  });
});

/** A web server that answers as a test says, and remembers what it was asked. */
interface Stub {
  readonly origin: string;
  /** `127.0.0.1:port` */
  readonly host: string;
  answer: RequestListener;
  readonly requests: IncomingMessage[];
  /** How many connections were ever made to it. */
  connections(): number;
}

async function startStub(answer: RequestListener): Promise<Stub> {
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
 * A stub and a source below `/base/` of it. The source has but one connection: any answer that it
 * did not let go of would block the next request for ever.
 */
async function startSource(
  answer: RequestListener,
  options: Omit<HttpSourceOptions, "base" | "dispatcher"> = {},
) {
  const stub = await startStub(answer);
  const dispatcher = new Pool(stub.origin, { connections: 1 });
  onTestFinished(() => dispatcher.destroy());
  const source = createHttpSource({ base: `${stub.origin}/base/`, dispatcher, ...options });
  return { stub, source };
}

const bytes = patterned(100);
const lastModified = "Thu, 29 Feb 2024 12:34:57 GMT";

/** The object as `answering()` has it. */
const object: BlobInfo = {
  key: "a",
  size: 100,
  version: '"one"',
  modified: new Date(lastModified),
};

type Changes = Readonly<Record<string, string | number | undefined>>;

interface Faulty {
  /** Headers to replace or, where `undefined`, to leave out. */
  readonly headers?: Changes;
  readonly status?: number;
  /** In place of the bytes that were asked for. */
  readonly body?: Buffer;
}

/** A server of `bytes` that does everything right but for what it is told. */
function answering({ headers: changes = {}, status, body }: Faulty = {}): RequestListener {
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

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await errorOf(promise);
  return error instanceof ZiplinkError ? error.code : String(error ?? "ok");
}

/** "ok", if the right bytes came, or the code of the failure. */
async function outcomeOf(source: BlobSource, blob: BlobInfo, range: ByteRange): Promise<string> {
  return codeOf(
    (async () => {
      const read = await collect(await source.open(blob, range));
      expect(read.equals(bytes.subarray(range.start, range.end))).toBe(true);
    })(),
  );
}

const part = { start: 10, end: 20 };
const whole = { start: 0, end: 100 };

async function expectStillReads({ stub, source }: Awaited<ReturnType<typeof startSource>>) {
  stub.answer = answering();
  expect(await outcomeOf(source, object, part)).toBe("ok");
}

describe("http source, what it asks for:", () => {
  test("these bytes of this version, not encoded", async () => {
    const headers = { Authorization: "Bearer x", "Accept-Encoding": "br" };
    const { stub, source } = await startSource(answering(), { headers });
    expect(await outcomeOf(source, object, part)).toBe("ok");
    stub.answer = answering({ headers: { etag: undefined } });
    const byTime = await source.stat("a");
    expect(await outcomeOf(source, byTime, part)).toBe("ok");

    const common = { "accept-encoding": "identity", authorization: "Bearer x" };
    expect(stub.requests.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /base/a",
      "HEAD /base/a",
      "GET /base/a",
    ]);
    const [first, , last] = stub.requests.map((request) => request.headers);
    expect(first).toMatchObject({ ...common, range: "bytes=10-19", "if-match": '"one"' });
    expect(first).not.toHaveProperty("if-unmodified-since");
    expect(last).toMatchObject({
      ...common,
      range: "bytes=10-19",
      "if-unmodified-since": lastModified,
    });
    expect(last).not.toHaveProperty("if-match");
  });

  test("what is below the base, whether that ends in a slash or not", async () => {
    const stub = await startStub(answering());
    for (const base of ["", "/", "/b", "/b/", "/b%20c/d"]) {
      await createHttpSource({ base: stub.origin + base }).stat("a");
    }
    const urls = stub.requests.map(({ url }) => url);
    expect(urls).toEqual(["/a", "/a", "/b/a", "/b/a", "/b%20c/d/a"]);
  });

  test("nothing, to list", async () => {
    const { stub, source } = await startSource(answering());
    await expect(source.list("a")[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "malformed",
      message: "This source cannot list: name the entries of the archive by their keys.",
    });
    expect(stub.connections()).toBe(0);
  });

  test("whether the version is the same, to read no bytes", async () => {
    const { stub, source } = await startSource(answering());
    expect(await outcomeOf(source, object, { start: 5, end: 5 })).toBe("ok");
    stub.answer = answering({ headers: { etag: '"two"' } });
    expect(await outcomeOf(source, object, { start: 5, end: 5 })).toBe("changed");
    expect(stub.requests.map(({ method }) => method)).toEqual(["HEAD", "HEAD"]);
  });

  test.each([
    "ftp://host/",
    "file:///etc/",
    "https://user:password@host/",
    "https://host/?token=1",
    "https://host/#a",
    "host/path",
  ])("nothing of the base %j", (base) => {
    expect(() => createHttpSource({ base })).toThrow(TypeError);
  });
});

describe("http source, an object as HEAD describes it:", () => {
  test.each<[string, Changes, Partial<BlobInfo>]>([
    ["strong ETag", { "content-type": "image/png" }, { ...object, contentType: "image/png" }],
    ["no time", { "last-modified": undefined }, { modified: new Date("1980-01-01T00:00:00Z") }],
    ["obsolete date", { "last-modified": "Thursday, 29-Feb-24 12:34:57 GMT" }, object],
    ["asctime date", { "last-modified": "Thu Feb 29 12:34:57 2024" }, object],
  ])("%s", async (_, headers, expected) => {
    vi.stubEnv("TZ", "Asia/Kolkata");
    onTestFinished(() => void vi.unstubAllEnvs());
    const { source } = await startSource(answering({ headers }));
    expect(await source.stat("a")).toMatchObject({ size: 100, version: '"one"', ...expected });
  });

  test.each<[string, Changes]>([
    ["no ETag", { etag: undefined }],
    ["a weak ETag", { etag: 'W/"one"' }],
    ["an ETag without quotes", { etag: "one" }],
  ])("its version is the time, the size and all else where there is %s", async (_, headers) => {
    const { stub, source } = await startSource(answering({ headers }));
    const info = await source.stat("a");
    expect(await outcomeOf(source, info, part)).toBe("ok");
    const versions = new Set([info.version]);
    for (const change of [
      { "last-modified": "Thu, 29 Feb 2024 12:34:58 GMT" },
      { "content-length": 101, "content-range": "bytes 10-19/101" },
      { etag: 'W/"two"' },
      { etag: '"one"' },
    ]) {
      stub.answer = answering({ headers: { ...headers, ...change } });
      expect(await outcomeOf(source, info, part)).toBe("changed");
      versions.add((await source.stat("a")).version);
    }
    expect(versions.size).toBe(5);
  });

  test.each<[string, Changes]>([
    ["a length", { "content-length": undefined }],
    ["a length as it is chunked", { "content-length": undefined, "transfer-encoding": "chunked" }],
    ["a length as it is encoded", { "content-encoding": "gzip" }],
    ["a version", { etag: undefined, "last-modified": undefined }],
    ["a version that is strong", { etag: 'W/"one"', "last-modified": "yesterday" }],
  ])("corrupt without %s", async (_, headers) => {
    const { source } = await startSource(answering({ headers }));
    expect(await codeOf(source.stat("a"))).toBe("corrupt");
  });
});

describe("http source, an answer to a range:", () => {
  const chunked = { "content-length": undefined, "transfer-encoding": "chunked" };
  test.each<[string, ByteRange, Faulty, string]>([
    ["as it should be", part, {}, "ok"],
    ["without its length", part, { headers: chunked }, "ok"],
    ["of the whole", whole, {}, "ok"],
    ["of the whole, by a server that ignores Range", whole, { status: 200 }, "ok"],
    [
      "of a part, by a server that ignores Range",
      part,
      { status: 200, body: bytes, headers: { "content-length": 100, "content-range": undefined } },
      "corrupt",
    ],
    ["200 without a length", whole, { status: 200, headers: chunked }, "corrupt"],
    [
      "200 of another length",
      whole,
      { status: 200, headers: { "content-length": 101 } },
      "changed",
    ],
    ["shifted", part, { headers: { "content-range": "bytes 11-20/100" } }, "unavailable"],
    ["from elsewhere", part, { headers: { "content-range": "bytes 9-19/100" } }, "unavailable"],
    ["to elsewhere", part, { headers: { "content-range": "bytes 10-20/100" } }, "unavailable"],
    [
      "cut short",
      part,
      {
        body: bytes.subarray(10, 19),
        headers: { "content-length": 9, "content-range": "bytes 10-18/100" },
      },
      "unavailable",
    ],
    [
      "cut short in secret",
      part,
      { body: bytes.subarray(10, 19), headers: { "content-length": 9 } },
      "unavailable",
    ],
    ["of another size", part, { headers: { "content-range": "bytes 10-19/101" } }, "changed"],
    ["of no size", part, { headers: { "content-range": "bytes 10-19/*" } }, "corrupt"],
    ["of other units", part, { headers: { "content-range": "lines 10-19/100" } }, "corrupt"],
    [
      "in several parts",
      part,
      { headers: { "content-range": undefined, "content-type": "multipart/byteranges" } },
      "corrupt",
    ],
    ["encoded", part, { headers: { "content-encoding": "gzip" } }, "corrupt"],
    [
      "of another version, by a server that ignores If-Match",
      part,
      { headers: { etag: '"two"' } },
      "changed",
    ],
    ["of a version that is weak", part, { headers: { etag: 'W/"one"' } }, "changed"],
    ["of no version", part, { headers: { etag: undefined } }, "corrupt"],
    ["with more bytes", part, { headers: chunked, body: Buffer.alloc(1_000_000) }, "corrupt"],
    ["with fewer bytes", part, { headers: chunked, body: bytes.subarray(10, 19) }, "unavailable"],
  ])("%s", async (_, range, faulty, expected) => {
    const started = await startSource(answering(faulty));
    expect(await outcomeOf(started.source, object, range)).toBe(expected);
    await expectStillReads(started);
  });

  test.each<[string, RequestListener]>([
    [
      "reset midway",
      (_, response) => response.write("12345", () => response.socket?.resetAndDestroy()),
    ],
    ["closed midway", (_, response) => response.write("12345", () => response.socket?.end())],
  ])("%s", async (_, breakOff) => {
    const started = await startSource((request, response) => {
      const headers = { "content-range": "bytes 10-19/100", etag: '"one"', "content-length": 10 };
      response.writeHead(206, headers);
      breakOff(request, response);
    });
    const chunks = (await started.source.open(object, part))[Symbol.asyncIterator]();
    const read = (async () => {
      while (!(await chunks.next()).done);
    })();
    expect(await codeOf(read)).toBe("unavailable");
    await expectStillReads(started);
  });

  test("of a wrong length is refused before its first byte", async () => {
    const body = bytes.subarray(10, 19);
    const { source } = await startSource(answering({ headers: { "content-length": 9 }, body }));
    expect(await codeOf(source.open(object, part))).toBe("unavailable");
  });

  test("given up, begun or not", async () => {
    const started = await startSource(answering());
    const huge = { ...object, size: 50_000_000 };
    for (const read of [0, 1]) {
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      started.stub.answer = (_, response) => {
        response.writeHead(200, { "content-length": huge.size, etag: huge.version });
        response.write(Buffer.alloc(1_000_000));
        response.on("close", resolve);
      };
      const opened = await started.source.open(huge, { start: 0, end: huge.size });
      const chunks = opened[Symbol.asyncIterator]();
      for (let i = 0; i < read; i++) expect((await chunks.next()).done).toBe(false);
      await chunks.return?.();
      await closed;
      expect(await chunks.next()).toEqual({ done: true, value: undefined });
    }
    await expectStillReads(started);
  });
});

describe("http source, a status:", () => {
  const inOneMinute = {
    date: "Thu, 29 Feb 2024 12:34:57 GMT",
    "retry-after": "Thu, 29 Feb 2024 12:35:57 GMT",
  };
  test.each<[number, string, Changes?, number?]>([
    [204, "corrupt"],
    [304, "corrupt"],
    [400, "corrupt"],
    [401, "denied"],
    [403, "denied"],
    [404, "not_found"],
    [405, "corrupt"],
    [408, "timeout"],
    [410, "not_found"],
    [412, "changed"],
    [414, "not_found"],
    [416, "changed"],
    [429, "throttled"],
    [429, "throttled", { "retry-after": "7" }, 7_000],
    [429, "throttled", inOneMinute, 60_000],
    [429, "throttled", { "retry-after": "Thu, 29 Feb 2024 12:35:57 GMT" }, 0],
    [500, "unavailable"],
    [502, "unavailable"],
    [503, "unavailable"],
    [503, "unavailable", { "retry-after": "soon" }],
    [503, "throttled", { "retry-after": "0" }, 0],
    [503, "throttled", inOneMinute, 60_000],
    [504, "timeout"],
    [507, "unavailable"],
  ])("%i is %s %j", async (status, code, headers = {}, retryAfterMs = undefined) => {
    const body = status === 204 || status === 304 ? Buffer.alloc(0) : bytes;
    const length = body.length === 0 ? undefined : body.length;
    const started = await startSource(
      answering({ status, headers: { ...headers, "content-length": length }, body }),
    );
    for (const ask of [() => started.source.stat("a"), () => started.source.open(object, part)]) {
      const error = await errorOf(ask());
      expect(error).toBeInstanceOf(ZiplinkError);
      expect(error).toMatchObject({ code, retryAfterMs });
      expect(String(error)).not.toContain("/a");
    }
    await expectStillReads(started);
  });
});

describe("http source, no answer:", () => {
  test("in time", async () => {
    const started = await startSource(() => undefined, { timeoutMs: 20 });
    expect(await outcomeOf(started.source, object, part)).toBe("timeout");
    await expectStillReads(started);
  });

  test("but a closed connection", async () => {
    const started = await startSource((request) => request.socket.destroy());
    expect(await codeOf(started.source.stat("a"))).toBe("unavailable");
    expect(await outcomeOf(started.source, object, part)).toBe("unavailable");
    await expectStillReads(started);
  });

  test("but something else than HTTP", async () => {
    const started = await startSource((request) => request.socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
    expect(await codeOf(started.source.stat("a"))).toBe("unavailable");
    await expectStillReads(started);
  });

  test.each([
    [new errors.ConnectTimeoutError(), "timeout"],
    [Object.assign(new Error("refused"), { code: "ECONNREFUSED" }), "unavailable"],
    [Object.assign(new Error("no such host"), { code: "ENOTFOUND" }), "unavailable"],
    [Object.assign(new Error("bad"), { code: "CERT_HAS_EXPIRED" }), "unavailable"],
  ])("as connecting fails: %s", async (error, code) => {
    const dispatcher = new Agent({ connect: (_, callback) => callback(error, null) });
    onTestFinished(() => dispatcher.destroy());
    const source = createHttpSource({ base: "http://host.invalid/", dispatcher });
    expect(await errorOf(source.stat("a"))).toMatchObject({ code, cause: error });
  });

  test("before the reader leaves", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<IncomingMessage>();
    const started = await startSource(resolve);
    const abort = new AbortController();
    const opening = errorOf(started.source.open(object, part, abort.signal));
    const closed = once((await asked).socket, "close");
    abort.abort("left");
    expect(await opening).toBe("left");
    await closed;
    await expectStillReads(started);
  });

  test("nor a connection before the reader leaves", async () => {
    const { promise: connecting, resolve } = Promise.withResolvers<void>();
    const dispatcher = new Agent({ connect: () => resolve() });
    const source = createHttpSource({ base: "http://host.invalid/", dispatcher });
    const abort = new AbortController();
    const asking = errorOf(source.stat("a", abort.signal));
    await connecting;
    abort.abort("left");
    expect(await asking).toBe("left");
  });
});

describe("http source, a store in trouble:", () => {
  test.each([1, 2, 3, 4])("right bytes or an honest failure, by seed %i", async (seed) => {
    const stub = await startStub(answering());
    const proxy = await startFaultProxy(stub.origin);
    onTestFinished(() => proxy.close());
    proxy.fault = seededFaults(seed, 0.8);
    const dispatcher = new Pool(proxy.url, { connections: 2 });
    onTestFinished(() => dispatcher.destroy());
    const source = createHttpSource({ base: `${proxy.url}/base/`, dispatcher });
    const outcomes = new Set<string>();
    const readUntilItComes = async (range: ByteRange) => {
      for (;;) {
        const outcome = await outcomeOf(source, object, range);
        outcomes.add(outcome);
        if (outcome === "ok") return;
      }
    };
    const starts = Array.from({ length: 50 }, (_, i) => i);
    await Promise.all(starts.map((start) => readUntilItComes({ start, end: start + 50 })));
    expect(["ok", "throttled", "timeout", "unavailable"]).toEqual(
      expect.arrayContaining([...outcomes]),
    );
    const { drop, close, reset, short, wrongRange } = proxy.applied;
    for (const count of [drop, close, reset, short, wrongRange]) expect(count).toBeGreaterThan(0);
    await proxy.idle();
    expect(proxy.openConnections()).toBeLessThanOrEqual(2);
  });
});

describe("http source, what may lead out of its base:", () => {
  /** A server of secrets that must never hear of us. */
  const startOther = () => startStub((_, response) => response.end("secret"));

  /** Answers what lies outside the base as if all were right, and has nothing inside. */
  const temptingly: RequestListener = (request, response) => {
    const path = posix.normalize(decodeURIComponent(request.url ?? ""));
    if (path.startsWith("/base/")) response.writeHead(404).end();
    else answering()(request, response);
  };

  test.each([
    "",
    "/",
    ".",
    "..",
    "../secret",
    "../../etc/passwd",
    "./../secret",
    "a/../../secret",
    "a/./../../secret",
    "a/..",
    "a/",
    "a//b",
    "/secret",
    "//OTHER",
    "//OTHER/secret",
    "///OTHER/secret",
    "http://OTHER/secret",
    "HTTP://OTHER/secret",
    "http:OTHER",
    "http:/OTHER/secret",
    "http:\\\\OTHER\\secret",
    "file:///etc/passwd",
    "javascript:alert(1)",
    "@OTHER/secret",
    "user:password@OTHER/secret",
    ":80@OTHER/secret",
    ".OTHER/secret",
    "\\\\OTHER\\secret",
    "/\\OTHER/secret",
    "..\\secret",
    "a\\..\\..\\secret",
    "..\\/secret",
    "%2e%2e/secret",
    "%2E%2E%2Fsecret",
    ".%2e/secret",
    "%2e%2e%5csecret",
    "..%2fsecret",
    "..%5csecret",
    "%252e%252e/secret",
    "..%252fsecret",
    "%252e%252e%252fsecret",
    "%2f%2fOTHER/secret",
    "%5c%5cOTHER%5csecret",
    "%u002e%u002e/secret",
    "%c0%ae%c0%ae/secret",
    "..%c0%afsecret",
    "..%00/secret",
    "..\0/secret",
    "a\0b",
    "../secret\0.txt",
    "..\t/secret",
    ".\n./secret",
    "a\r\nHost: OTHER",
    "a HTTP/1.1\r\nHost: OTHER\r\n\r\nGET /secret",
    "\u{85}a",
    "..;/secret",
    ".. /secret",
    " ../secret",
    ".../secret",
    "\u2024\u2024/secret",
    "\uff0e\uff0e\uff0fsecret",
    "a?/../../secret",
    "?url=http://OTHER/secret",
    "#/../../secret",
    "#@OTHER/secret",
    "\ud800/secret",
  ])("the key %j", async (template) => {
    const other = await startOther();
    const { stub, source } = await startSource(temptingly);
    const key = template.replace("OTHER", other.host);
    expect(await codeOf(source.stat(key))).toBe("not_found");
    expect(await outcomeOf(source, { ...object, key }, part)).toBe("not_found");
    expect(await outcomeOf(source, { ...object, key }, { start: 0, end: 0 })).toBe("not_found");
    for (const { url, headers } of stub.requests) {
      expect(url).toMatch(/^\/base\/[^/?#\\]/);
      expect(new URL(`${stub.origin}${url}`).pathname).toBe(url);
      expect(decodeURIComponent(url ?? "")).toBe(`/base/${key}`);
      expect(headers.host).toBe(stub.host);
    }
    expect(other.connections()).toBe(0);
  });

  test("no key that is a mere name", async () => {
    const { stub, source } = await startSource(answering());
    for (const key of ["%2e%2e/b", "...", "a/..b/c..", "a:b@c", "a?b#c"]) await source.stat(key);
    expect(stub.requests.map(({ url }) => url)).toEqual([
      "/base/%252e%252e/b",
      "/base/...",
      "/base/a/..b/c..",
      "/base/a%3Ab%40c",
      "/base/a%3Fb%23c",
    ]);
  });

  test.each([
    ["denied", "http://OTHER/base/a"],
    ["denied", "//OTHER/base/a"],
    ["denied", "http://INSIDE@OTHER/base/a"],
    ["denied", "\\\\OTHER\\base\\a"],
    ["denied", "/secret"],
    ["denied", "../secret"],
    ["denied", "%2e%2e/secret"],
    ["denied", "b"],
    ["denied", "http://INSIDE/base/b"],
    ["denied", "http://["],
    ["denied", undefined],
    ["not_found", "http://INSIDE/base/a/"],
    ["not_found", "/base/a/"],
    ["not_found", "http://OTHER/base/a/"],
  ])("a redirect, which is %s: %j", async (code, template) => {
    const other = await startOther();
    const started = await startSource(temptingly);
    const { stub, source } = started;
    const location = template?.replace("OTHER", other.host).replace("INSIDE", stub.host);
    for (const status of [301, 302, 303, 307, 308]) {
      stub.answer = answering({ status, headers: { location } });
      expect(await codeOf(source.stat("a"))).toBe(code);
      expect(await outcomeOf(source, object, part)).toBe(code);
    }
    expect(stub.requests.map(({ url }) => url)).toEqual(Array(10).fill("/base/a"));
    expect(other.connections()).toBe(0);
    await expectStillReads(started);
  });
});
