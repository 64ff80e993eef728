import { describe, expect, test } from "vitest";
import { toRequest } from "../../../functions/aws/event.ts";
import { codeOf } from "../../support/error-codes.ts";

const HOST = "files.example.com";

/** An event of a Function URL or HTTP API. */
const version2 = (changed: object = {}, context: object = {}) => ({
  version: "2.0",
  rawPath: "/",
  rawQueryString: "",
  headers: { host: HOST },
  requestContext: { http: { method: "GET" }, stage: "$default", ...context },
  isBase64Encoded: false,
  ...changed,
});

/** An event of a REST API; by default on its own domain, `id.execute-api…`. */
const version1 = (changed: object = {}, context: object = {}) => ({
  version: "1.0",
  httpMethod: "GET",
  path: "/",
  headers: null,
  multiValueHeaders: { Host: [HOST] },
  queryStringParameters: null,
  multiValueQueryStringParameters: null,
  requestContext: { path: "/prod/", stage: "prod", ...context },
  body: null,
  isBase64Encoded: false,
  ...changed,
});

async function read(event: unknown) {
  const request = toRequest(event, new AbortController().signal);
  const { method, url, headers } = request;
  return { method, url, headers: Object.fromEntries(headers), body: await request.text() };
}

const get = (path: string, headers: object = {}) => ({
  method: "GET",
  url: `https://${HOST}${path}`,
  headers: { host: HOST, ...headers },
  body: "",
});

const post = (body: string) => ({ ...get("/"), method: "POST", body });
const postHeaders = { host: HOST, "content-type": "application/json" };

describe("format 2.0", () => {
  test.each<[string, object, object]>([
    ["the root", version2(), get("/")],
    [
      "a path as it was sent, with escapes left alone",
      version2({ rawPath: "/zip/t/G%C3%A4rten%20%2F%2f.zip" }),
      get("/zip/t/G%C3%A4rten%20%2F%2f.zip"),
    ],
    ["an empty segment", version2({ rawPath: "//zip//t" }), get("//zip//t")],
    [
      "no content coding, which Function URLs would undo",
      version2({ headers: { host: HOST, "accept-encoding": "gzip, br" } }),
      get("/"),
    ],
    ["a plus", version2({ rawPath: "/zip/a+b" }), get("/zip/a+b")],
    ["a double escape", version2({ rawPath: "/zip/%252F" }), get("/zip/%252F")],
    ["a question mark in an escape", version2({ rawPath: "/zip/%3Fa" }), get("/zip/%3Fa")],
    [
      "the path without the API's stage",
      version2({ rawPath: "/prod/zip/t" }, { stage: "prod" }),
      get("/zip/t"),
    ],
    ["the stage alone", version2({ rawPath: "/prod" }, { stage: "prod" }), get("/")],
    [
      "a path segment that only begins like the stage",
      version2({ rawPath: "/production" }, { stage: "prod" }),
      get("/production"),
    ],
    [
      "a query as it was sent, including repeated parameters",
      version2({ rawQueryString: "a=1&b=%2B+&a=2&c" }),
      get("/?a=1&b=%2B+&a=2&c"),
    ],
    ["no query", version2({ rawQueryString: undefined }), get("/")],
    ["cookies", version2({ cookies: ["a=1", "b=2; c"] }), get("/", { cookie: "a=1; b=2; c" })],
    [
      "headers",
      version2({ headers: { host: HOST, Range: "bytes=0-", "if-match": '"a", "b"' } }),
      get("/", { range: "bytes=0-", "if-match": '"a", "b"' }),
    ],
    [
      "plain HTTP",
      version2({ headers: { host: HOST, "x-forwarded-proto": "http" } }),
      { ...get("/", { "x-forwarded-proto": "http" }), url: `http://${HOST}/` },
    ],
    [
      "no headers: the domain comes from the context",
      version2({ headers: undefined }, { domainName: "id.lambda-url.on.aws" }),
      { ...get("/"), url: "https://id.lambda-url.on.aws/", headers: {} },
    ],
    [
      "a body in Base64",
      version2(
        { headers: postHeaders, body: btoa('{"a":1}'), isBase64Encoded: true },
        { http: { method: "POST" } },
      ),
      { ...post('{"a":1}'), headers: postHeaders },
    ],
    [
      "a body in plain text",
      version2({ headers: postHeaders, body: "é" }, { http: { method: "POST" } }),
      { ...post("é"), headers: postHeaders },
    ],
    ["a GET with a body, which is dropped", version2({ body: "x" }), get("/")],
  ])("%s", async (_, event, expected) => {
    expect(await read(event)).toEqual(expected);
  });
});

describe("format 1.0", () => {
  const at = (path: string, decoded: string, more: object = {}) =>
    version1({ path: decoded, ...more }, { path });

  test.each<[string, object, object]>([
    ["the root", version1(), get("/")],
    [
      "a path as it was sent, without the stage",
      at("/prod/zip/a%2Fb", "/zip/a/b"),
      get("/zip/a%2Fb"),
    ],
    ["an empty segment and a plus", at("/prod//zip//a+b", "//zip//a+b"), get("//zip//a+b")],
    ["a path that begins like the stage", at("/prod/prod/x", "/prod/x"), get("/prod/x")],
    ["a custom domain: no stage", at("/prod/x", "/prod/x"), get("/prod/x")],
    ["no path in the context", version1({ path: "/zip/t" }, { path: undefined }), get("/zip/t")],
    [
      "repeated parameters, decoded by the gateway",
      version1({
        queryStringParameters: { a: "2", b: "x" },
        multiValueQueryStringParameters: { a: ["1", "2"], b: ["x&y=+ ü"] },
      }),
      get("/?a=1&a=2&b=x%26y%3D%2B+%C3%BC"),
    ],
    [
      "single parameters, if there are no others",
      version1({ queryStringParameters: { format: "json" } }),
      get("/?format=json"),
    ],
    [
      "repeated headers, including cookies",
      version1({
        headers: { Host: HOST, "X-A": "2" },
        multiValueHeaders: { Host: [HOST], "X-A": ["1", "2"], Cookie: ["a=1; b=2"] },
      }),
      get("/", { "x-a": "1, 2", cookie: "a=1; b=2" }),
    ],
    [
      "single headers, if there are no others",
      version1({ headers: { Host: HOST, Range: "bytes=5-" }, multiValueHeaders: undefined }),
      get("/", { range: "bytes=5-" }),
    ],
    [
      "a body in Base64",
      version1({
        httpMethod: "POST",
        multiValueHeaders: { Host: [HOST], "Content-Type": ["application/json"] },
        body: btoa("{}"),
        isBase64Encoded: true,
      }),
      { ...post("{}"), headers: postHeaders },
    ],
  ])("%s", async (_, event, expected) => {
    expect(await read(event)).toEqual(expected);
  });
});

test.each<[string, unknown]>([
  ["nothing", undefined],
  ["an event of another service", { Records: [{ eventSource: "aws:s3" }] }],
  ["a test event from the console", { key1: "value1" }],
  ["no path", version2({ rawPath: undefined })],
  ["a path without a slash", version2({ rawPath: "zip" })],
  ["no method", version2({}, { http: {} })],
  ["no context", version2({ requestContext: undefined })],
  ["an invalid method", version2({}, { http: { method: "G T" } })],
  ["an invalid header name", version2({ headers: { "a b": "c" } })],
  ["an invalid host", version2({ headers: { host: "a b" } })],
  ["1.0 without a path", version1({ path: undefined })],
  ["1.0 without a method", version1({ httpMethod: undefined })],
  ["1.0 without a context", version1({ requestContext: undefined })],
])("malformed: %s", async (_, event) => {
  expect(await codeOf(read(event))).toBe("malformed");
});

test("a request is aborted with its signal", () => {
  const stop = new AbortController();
  const { signal } = toRequest(version2(), stop.signal);
  expect(signal.aborted).toBe(false);
  stop.abort();
  expect(signal.aborted).toBe(true);
});
