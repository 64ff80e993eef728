import type { RequestListener } from "node:http";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createHttpSource } from "../../../adapters/http/source.ts";
import type { BlobInfo, ByteRange } from "../../../core/blob-source.ts";
import {
  answering,
  bytes,
  type Changes,
  codeOf,
  expectStillReads,
  type Faulty,
  lastModified,
  object,
  outcomeOf,
  part,
  startSource,
  startStub,
  whole,
} from "../../support/http-stub.ts";

describe("http source requests", () => {
  test("exactly the given bytes of the given version, without an encoding", async () => {
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

  test("keys below the base, with or without a trailing slash", async () => {
    const stub = await startStub(answering());
    for (const base of ["", "/", "/b", "/b/", "/b%20c/d"]) {
      await createHttpSource({ base: stub.origin + base }).stat("a");
    }
    const urls = stub.requests.map(({ url }) => url);
    expect(urls).toEqual(["/a", "/a", "/b/a", "/b/a", "/b%20c/d/a"]);
  });

  test("nothing to list", async () => {
    const { stub, source } = await startSource(answering());
    await expect(source.list("a")[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: "malformed",
      message: "This source cannot list: name the entries of the archive by their keys.",
    });
    expect(stub.connections()).toBe(0);
  });

  test("the version, to read an empty range", async () => {
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
  ])("nothing for the base %j, which is refused", (base) => {
    expect(() => createHttpSource({ base })).toThrow(TypeError);
  });
});

describe("http source, an object described by HEAD:", () => {
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

  test("stored as gzip, it is served so, of another version where it is not", async () => {
    const byTime = { etag: undefined, "content-encoding": "gzip" };
    const { stub, source } = await startSource(answering({ headers: byTime }));
    const info = await source.stat("a");
    expect(info).toMatchObject({ size: 100, contentEncoding: "gzip" });
    expect(await outcomeOf(source, info, part)).toBe("ok");
    stub.answer = answering({ headers: { etag: undefined } });
    expect(await outcomeOf(source, info, part)).toBe("corrupt");
    expect((await source.stat("a")).version).not.toBe(info.version);
  });

  test.each<[string, Changes]>([
    ["no ETag", { etag: undefined }],
    ["a weak ETag", { etag: 'W/"one"' }],
    ["an ETag without quotes", { etag: "one" }],
  ])(
    "with %s, its version is the time, the size and everything else that may differ",
    async (_, headers) => {
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
    },
  );

  test.each<[string, Changes]>([
    ["a version", { etag: undefined, "last-modified": undefined }],
    ["a version that is strong", { etag: 'W/"one"', "last-modified": "yesterday" }],
    ["a date that is one", { etag: undefined, "last-modified": "1" }],
  ])("corrupt without %s", async (_, headers) => {
    const { source } = await startSource(answering({ headers }));
    expect(await codeOf(source.stat("a"))).toBe("corrupt");
  });
});

describe("http source, an answer to a range request:", () => {
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

  test("with a wrong length is refused before its first byte", async () => {
    const body = bytes.subarray(10, 19);
    const { source } = await startSource(answering({ headers: { "content-length": 9 }, body }));
    expect(await codeOf(source.open(object, part))).toBe("unavailable");
  });

  test("abandoned, before or after its first bytes", async () => {
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
