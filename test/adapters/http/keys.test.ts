import type { RequestListener } from "node:http";
import { posix } from "node:path";
import { describe, expect, test } from "vitest";
import {
  answering,
  codeOf,
  expectStillReads,
  object,
  outcomeOf,
  part,
  startSource,
  startStub,
} from "../../support/http-stub.ts";

describe("http source, attempts to leave its base:", () => {
  /** Starts a server of secrets that must never receive a request. */
  const startOther = () => startStub((_, response) => response.end("secret"));

  /** Answers requests outside the base as if everything were right, and has no objects inside. */
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

  test("keys that only look like paths are names", async () => {
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
  ])("a redirect is %s: %j", async (code, template) => {
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
