import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { parse as parseDisposition } from "content-disposition";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { signLink } from "../../../core/links/link.ts";
import { defaultProtection } from "../../../functions/config/protection-config.ts";
import { createNodeListener } from "../../../functions/node/node-listener.ts";
import { callerToken, post } from "../../support/api-client.ts";
import { appOf } from "../../support/apps.ts";
import { download } from "../../support/download.ts";
import { apiSecret, linkSecret } from "../../support/secrets.ts";

const objects = { "a/geheim.txt": "text" };
const token = (zip: object = { prefix: "a/" }) =>
  signLink(zip as { prefix: string }, {
    secret: linkSecret,
    expires: new Date(Date.now() + 60_000),
    subject: "me",
  });

describe("every response", () => {
  type Ask = (app: ReturnType<typeof appOf>) => Promise<Response>;
  const cases: [what: string, status: number, ask: Ask][] = [
    ["an archive", 200, async ({ get }) => get(`/zip/${await token()}`)],
    ["HEAD", 200, async ({ get }) => get(`/zip/${await token()}`, { method: "HEAD" })],
    ["a range", 206, async ({ get }) => get(`/zip/${await token()}`, { headers: range("0-5") })],
    ["304", 304, async ({ get }) => get(`/zip/${await token()}`, { headers: any })],
    ["416", 416, async ({ get }) => get(`/zip/${await token()}`, { headers: range("9999-") })],
    ["a description", 200, async ({ get }) => get(`/zip/${await token()}?format=json`)],
    ["a bad link", 401, ({ get }) => get("/zip/x")],
    ["a created link", 201, ({ post: send }) => send("/links", { prefix: "a/" })],
    ["an archive for a caller", 200, ({ post: send }) => send("/zip", { prefix: "a/" })],
    ["a bad caller", 401, ({ post: send }) => send("/zip", {}, {}, "x")],
    ["health", 200, ({ get }) => get("/healthz")],
    ["nothing", 404, ({ get }) => get("/nothing")],
    ["another method", 405, ({ get }) => get("/healthz", { method: "DELETE" })],
  ];
  const range = (text: string) => ({ Range: `bytes=${text}` });
  const any = { "If-None-Match": "*" };

  test.each(cases)(
    "of %s has headers against misinterpretation and embedding",
    async (_, status, ask) => {
      const response = await ask(appOf(createMemorySource(objects)));
      expect(response.status).toBe(status);
      expect(Object.fromEntries(response.headers)).toMatchObject({
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "x-frame-options": "DENY",
        "content-security-policy":
          "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        "cross-origin-resource-policy": "same-origin",
        "cross-origin-opener-policy": "same-origin",
        "x-request-id": expect.stringMatching(/^[\w-]{36}$/),
      });
      expect(response.headers.has("strict-transport-security")).toBe(false);
      expect(response.headers.has("x-powered-by")).toBe(false);
      if (response.headers.get("content-type") === "application/zip") {
        expect(response.headers.get("content-disposition")).toMatch(/^attachment;/);
      }
    },
  );

  test("asks for HTTPS if the public URL has it", async () => {
    const hsts = async (publicUrl: string) =>
      (await appOf(createMemorySource(), { publicUrl }).get("/healthz")).headers.get(
        "strict-transport-security",
      );
    expect(await hsts("https://files.example")).toBe("max-age=15552000");
    expect(await hsts("http://files.example")).toBeNull();
  });
});

describe("request ids", () => {
  const idOf = async (given: string) => {
    const { get, events } = appOf(createMemorySource(objects));
    const response = await get("/zip/x", { headers: { "X-Request-Id": given } });
    const id = response.headers.get("x-request-id");
    expect(events).toMatchObject([{ requestId: id }]);
    return id;
  };

  test.each(["7f3a", "req_9-A=", "x".repeat(128)])("%s is kept", async (id) => {
    expect(await idOf(id)).toBe(id);
  });

  test.each([
    "",
    "x".repeat(129),
    "a b",
    "a\tb",
    'a"b',
    "a,b",
    "{a}",
    "a/b",
    "é",
    "<script>",
    "$(id)",
  ])("%j is replaced", async (id) => {
    expect(await idOf(id)).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
  });

  test("are in every audit event of a download", async () => {
    const { get, events } = appOf(createMemorySource(objects));
    const headers = {
      "X-Request-Id": "r-1",
      traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    };
    await (await get(`/zip/${await token()}`, { headers })).arrayBuffer();
    const common = { requestId: "r-1", traceId: "4bf92f3577b34da6a3ce929d0e0e4736", subject: "me" };
    expect(events).toMatchObject([
      { event: "download_started", ...common, firstByteMs: expect.any(Number) },
      { event: "download_ended", ...common, durationMs: expect.any(Number) },
    ]);
  });
});

describe("CORS", () => {
  const asking = (method: string, headers = "") => ({
    method: "OPTIONS",
    headers: {
      Origin: "https://app.example",
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": headers,
    },
  });
  const corsOf = (response: Response) =>
    [...response.headers.keys()].filter((name) => name.startsWith("access-control-"));

  test("lets pages of the origins read archives, the headers for resuming, and refusals", async () => {
    const { get } = appOf(createMemorySource(objects), { corsOrigins: ["https://app.example"] });
    for (const path of ["/zip/x", "/zip/x/name.zip"]) {
      const preflight = await get(path, asking("GET", "range,if-range"));
      expect(preflight.status).toBe(204);
      expect(Object.fromEntries(preflight.headers)).toMatchObject({
        "access-control-allow-origin": "https://app.example",
        "access-control-allow-methods": "GET,HEAD",
        "access-control-allow-headers":
          "Range,If-Range,If-Match,If-None-Match,X-Request-Id,traceparent",
        "access-control-max-age": "3600",
      });
      expect(preflight.headers.has("access-control-allow-credentials")).toBe(false);
      const refused = await get(path, { headers: { Origin: "https://app.example" } });
      expect(refused.status).toBe(401);
      expect(refused.headers.get("access-control-allow-origin")).toBe("https://app.example");
      expect(refused.headers.get("access-control-expose-headers")?.split(",")).toEqual([
        "Accept-Ranges",
        "Content-Disposition",
        "Content-Length",
        "Content-Range",
        "ETag",
        "Retry-After",
        "X-Request-Id",
        "Ziplink-Length",
      ]);
      expect(refused.headers.get("vary")).toContain("Origin");
    }
  });

  test("lets pages see that they have sent too many requests, and when to retry", async () => {
    const { get } = appOf(createMemorySource(objects), {
      corsOrigins: ["https://app.example"],
      protection: { ...defaultProtection, requestsPerMinutePerCaller: 1, trustedProxies: 1 },
    });
    const headers = { Origin: "https://app.example", "X-Forwarded-For": "198.51.100.7" };
    expect((await get("/zip/x", { headers })).status).toBe(401);
    const refused = await get("/zip/x", { headers });
    expect(refused.status).toBe(429);
    expect(refused.headers.get("access-control-allow-origin")).toBe("https://app.example");
    expect(refused.headers.get("access-control-expose-headers")).toContain("Retry-After");
  });

  test("lets no page send a POST, and no page of another origin read anything", async () => {
    const { get } = appOf(createMemorySource(objects), { corsOrigins: ["https://app.example"] });
    for (const path of ["/zip", "/links"]) {
      const preflight = await get(path, asking("POST", "authorization,content-type"));
      expect(preflight.status).toBe(405);
      expect(corsOf(preflight)).toEqual([]);
    }
    const other = await get("/zip/x", { headers: { Origin: "https://app.example.evil.example" } });
    expect(other.headers.has("access-control-allow-origin")).toBe(false);
  });

  test("is off by default", async () => {
    const { get } = appOf(createMemorySource(objects));
    expect((await get("/zip/x", asking("GET"))).status).toBe(405);
    expect(corsOf(await get("/zip/x", { headers: { Origin: "https://app.example" } }))).toEqual([]);
  });
});

describe("file names over HTTP", () => {
  const source = createMemorySource(objects);
  const { get } = appOf(source);
  const server = createServer(
    createNodeListener((request) =>
      get(request.url, {
        method: request.method,
        headers: request.headers,
        signal: request.signal,
        ...(request.body ? { body: request.body, duplex: "half" } : {}),
      } as RequestInit),
    ),
  );
  let url: string;
  beforeAll(async () => {
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => void server.close());

  const FIELDS = [
    "accept-ranges",
    "cache-control",
    "connection",
    "content-disposition",
    "content-length",
    "content-security-policy",
    "content-type",
    "cross-origin-opener-policy",
    "cross-origin-resource-policy",
    "date",
    "etag",
    "keep-alive",
    "last-modified",
    "origin-agent-cluster",
    "referrer-policy",
    "x-content-type-options",
    "x-dns-prefetch-control",
    "x-frame-options",
    "x-request-id",
  ];
  const hostile = fc.constantFrom(
    "\r\n",
    "\n",
    "\r",
    "\0",
    '"',
    "\\",
    ";",
    "%0d%0a",
    "\u2028",
    "=",
  );
  const name = fc
    .array(fc.oneof(hostile, fc.string({ unit: "binary" }), fc.string()), { maxLength: 12 })
    .map((parts) => parts.join("").toWellFormed().slice(0, 100).toWellFormed())
    .filter((text) => text !== "");

  /** Expects only header fields that every archive has, and nothing but a file name in the disposition. */
  function expectTame({ headers }: Awaited<ReturnType<typeof download>>): void {
    expect(FIELDS).toEqual(expect.arrayContaining(Object.keys(headers)));
    const { type, parameters } = parseDisposition(headers["content-disposition"] ?? "");
    expect(type).toBe("attachment");
    expect(["filename", "filename*"]).toEqual(expect.arrayContaining(Object.keys(parameters)));
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that must be absent
    expect(parameters.filename).toMatch(/^[^\x00-\x1f\x7f/\\:*?"<>|]+\.zip$/);
  }

  test("inject nothing into the header of a link's archive", async () => {
    await fc.assert(
      fc.asyncProperty(name, async (text) => {
        const path = `${url}/zip/${await token({ prefix: "a/", name: text })}`;
        for (const rest of ["", `/${encodeURIComponent(text)}`]) {
          const response = await download(path + rest, { method: "HEAD" });
          expect(response.status).toBe(200);
          expectTame(response);
        }
      }),
      { numRuns: 300 },
    );
  });

  test("inject nothing into the header of a response to a caller", async () => {
    await fc.assert(
      fc.asyncProperty(name, async (text) => {
        const bearer = callerToken(apiSecret);
        const archive = await post(`${url}/zip`, bearer, { prefix: "a/", name: text });
        expect(archive.status).toBe(200);
        expectTame(archive);
        const link = await post(`${url}/links`, bearer, { prefix: "a/", name: text });
        expect(link.status).toBe(201);
        expect(link.headers.location).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/zip\/[\w.-]+\/[!-~]+$/);
        expect(link.headers["set-cookie"]).toBeUndefined();
      }),
      { numRuns: 150 },
    );
  });
});
