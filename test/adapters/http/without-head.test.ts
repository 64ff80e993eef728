import type { RequestListener } from "node:http";
import { describe, expect, test } from "vitest";
import {
  answering,
  bytes,
  type Changes,
  codeOf,
  object,
  outcomeOf,
  part,
  startSource,
} from "../../support/http-stub.ts";

/** Answers HEAD with a status or fields of its own, and GET as usual. */
function headAnswering(status: number, headers: Changes = {}): RequestListener {
  const get = answering();
  const head = answering({ status, headers });
  return (request, response) => (request.method === "HEAD" ? head : get)(request, response);
}

/** Answers any request with the whole object, as a server without ranges does. */
const whole: RequestListener = ({ method }, response) => {
  if (method === "HEAD") return response.writeHead(405).end();
  return response.writeHead(200, { "content-length": 100, etag: '"one"' }).end(bytes);
};

const methods = (requests: readonly { method?: string | undefined }[]) =>
  requests.map(({ method }) => method).join(" ");

describe("an origin without HEAD", () => {
  test.each<[string, number, Changes]>([
    ["that does not allow it", 405, {}],
    ["that does not know it", 501, {}],
    ["that forbids it", 403, {}],
    ["that takes it for a fault of the client", 400, {}],
    ["that states no length", 200, { "content-length": undefined }],
    ["that sends in chunks", 200, { "content-length": undefined, "transfer-encoding": "chunked" }],
    ["that states no version", 200, { etag: undefined, "last-modified": undefined }],
  ])("%s is described by GET", async (_, status, headers) => {
    const { stub, source } = await startSource(headAnswering(status, headers));
    expect(await source.stat("a")).toMatchObject({ ...object, modified: expect.any(Date) });
    expect(methods(stub.requests)).toBe("HEAD GET");
    expect(stub.requests[1]?.headers.range).toBe("bytes=0-0");
    expect(await outcomeOf(source, object, part)).toBe("ok");
  });

  test.each([
    [405, "HEAD GET GET GET"],
    [501, "HEAD GET GET GET"],
    [403, "HEAD GET HEAD GET HEAD GET"],
  ])(
    "is not asked for HEAD again after %i, unless it may be about the object",
    async (status, expected) => {
      const { stub, source } = await startSource(headAnswering(status));
      for (const key of ["a", "b", "c"]) await source.stat(key);
      expect(methods(stub.requests)).toBe(expected);
    },
  );

  test.each([
    [404, "not_found", "HEAD"],
    [410, "not_found", "HEAD"],
    [401, "denied", "HEAD"],
    [403, "denied", "HEAD GET"],
    [405, "corrupt", "HEAD GET"],
    [429, "throttled", "HEAD"],
    [503, "unavailable", "HEAD"],
  ])("that answers %i to GET as well is %s", async (status, code, expected) => {
    const { stub, source } = await startSource(answering({ status }));
    expect(await codeOf(source.stat("a"))).toBe(code);
    expect(methods(stub.requests)).toBe(expected);
  });

  test("and without ranges is described by the whole, which is not read", async () => {
    const { source } = await startSource(whole);
    expect(await source.stat("a")).toMatchObject({ size: 100, version: '"one"' });
    expect(await outcomeOf(source, object, { start: 0, end: 100 })).toBe("ok");
    expect(await outcomeOf(source, object, part)).toBe("corrupt");
  });

  test("can have empty objects", async () => {
    const { source } = await startSource(({ method, headers }, response) => {
      if (method === "HEAD") response.writeHead(405).end();
      else if (headers.range) response.writeHead(416, { "content-range": "bytes */0" }).end();
      else response.writeHead(200, { "content-length": 0, etag: '"none"' }).end();
    });
    const info = await source.stat("a");
    expect(info).toMatchObject({ size: 0, version: '"none"' });
    expect(await codeOf(source.open(info, { start: 0, end: 0 }))).toBe("ok");
  });

  test.each<[string, Changes]>([
    ["its size", { "content-range": "bytes 0-0/*" }],
    ["its range", { "content-range": undefined }],
  ])("that states no length by GET either, but %s, is corrupt", async (_, headers) => {
    const { source } = await startSource((request, response) => {
      if (request.method === "HEAD") response.writeHead(501).end();
      else answering({ headers: { ...headers, "content-length": undefined } })(request, response);
    });
    expect(await codeOf(source.stat("a"))).toBe("corrupt");
  });
});

describe("an origin that only has dates", () => {
  const byDate = { etag: undefined };
  /** The status of a request with `If-Unmodified-Since`, however the date compares. */
  const refusing: RequestListener = (request, response) => {
    if (request.headers["if-unmodified-since"]) response.writeHead(412).end();
    else answering({ headers: byDate })(request, response);
  };

  test("and refuses its own is asked without it, and its answer tells the version", async () => {
    const { stub, source } = await startSource(refusing);
    const info = await source.stat("a");
    expect(await outcomeOf(source, info, part)).toBe("ok");
    const newer = { ...byDate, "last-modified": "Thu, 29 Feb 2024 12:34:58 GMT" };
    stub.answer = (request, response) => {
      if (request.headers["if-unmodified-since"]) response.writeHead(412).end();
      else answering({ headers: newer })(request, response);
    };
    expect(await outcomeOf(source, info, part)).toBe("changed");
  });

  test.each([
    ["in the future", 3_600_000],
    ["of this second", 0],
    ["of half a minute ago", -30_000],
  ])("%s is asked without them", async (_, offset) => {
    const modified = new Date(Date.now() + offset).toUTCString();
    const headers = { ...byDate, "last-modified": modified };
    const { stub, source } = await startSource(answering({ headers }));
    const info = await source.stat("a");
    expect(await outcomeOf(source, info, part)).toBe("ok");
    expect(stub.requests.at(-1)?.headers).not.toHaveProperty("if-unmodified-since");
    stub.answer = answering({
      headers: { ...headers, "last-modified": new Date(0).toUTCString() },
    });
    expect(await outcomeOf(source, info, part)).toBe("changed");
  });

  test("a strong tag that is refused is not asked without", async () => {
    const { stub, source } = await startSource(answering({ status: 412 }));
    expect(await outcomeOf(source, object, part)).toBe("changed");
    expect(stub.requests).toHaveLength(1);
  });
});
