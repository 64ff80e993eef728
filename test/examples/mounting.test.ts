import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { getRequestListener } from "@hono/node-server";
import { fastify } from "fastify";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createMemorySource } from "../../adapters/memory/index.ts";
import { type AuditEvent, secretKeys, signLink, ZiplinkError } from "../../core/index.ts";
import { createExpressApp } from "../../examples/mounting/express.ts";
import { createFastifyApp } from "../../examples/mounting/fastify.ts";
import { createHonoApp } from "../../examples/mounting/hono.ts";
import { createRouteHandlers } from "../../examples/mounting/route-handlers.ts";
import { createJwtAuth } from "../../functions/auth/jwt.ts";
import { type AppOptions, createApp, createNodeListener } from "../../functions/index.ts";
import { callerToken, post } from "../support/api-client.ts";
import { patterned } from "../support/bytes.ts";
import { download, open } from "../support/download.ts";
import { readArchive } from "../support/read-archive.ts";
import { apiSecret, linkSecret } from "../support/secrets.ts";
import { counting, failing } from "../support/sources.ts";

const big = patterned(12_000_000);
const objects = {
  "orders/1/invoice.txt": "an invoice",
  "orders/1/terms.txt": "some terms",
  "orders/2/scan.bin": big,
  "orders/3/broken.bin": big,
};

/** Makes a recipe's listener for Node's HTTP server. */
type Recipe = (options: AppOptions) => RequestListener | Promise<RequestListener>;

const recipes: [name: string, recipe: Recipe][] = [
  ["Express", (options) => createExpressApp(options)],
  [
    "Fastify",
    async (options) => {
      const app = createFastifyApp(options);
      await app.ready();
      onTestFinished(() => app.close());
      return (request, response) => app.routing(request, response);
    },
  ],
  [
    "Hono",
    (options) => {
      const app = createHonoApp(options);
      return createNodeListener(async (request) => app.fetch(request));
    },
  ],
  ["route handlers", (options) => routed(createRouteHandlers(options))],
];

/** Serves route handlers as their frameworks do: by path and method, and sent by a server that is not ours. */
function routed({ files, documents }: ReturnType<typeof createRouteHandlers>): RequestListener {
  const isMethod = <T extends object>(of: T, method: string): method is keyof T & string =>
    method in of;
  const listener = getRequestListener(
    async (request) => {
      const { pathname } = new URL(request.url);
      const [, id] = /^\/orders\/([^/]+)\/documents$/.exec(pathname) ?? [];
      const { method } = request;
      if (id !== undefined && isMethod(documents, method)) {
        return documents[method](request, { params: Promise.resolve({ id }) });
      }
      if (id === undefined && isMethod(files, method)) return files[method](request);
      return new Response(null, { status: 405 });
    },
    { overrideGlobalObjects: false },
  );
  return (request, response) => void listener(request, response);
}

/** Runs a recipe on a free port until the test is over. */
async function serve(recipe: Recipe) {
  const server = createServer();
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const events: AuditEvent[] = [];
  const broken = new ZiplinkError("corrupt", "The object is damaged.");
  const source = counting(
    failing(createMemorySource(objects), "orders/3/broken.bin", 6_000_000, broken),
  );
  const listener = await recipe({
    source,
    linkKeys: secretKeys(linkSecret),
    auth: createJwtAuth(secretKeys(apiSecret)),
    publicUrl: `${origin}/files`,
    resilience: { attempts: 1, backoffMs: 1 },
    audit: (event) => events.push(event),
  });
  server.on("request", listener);
  const link = async (prefix: string) => {
    const terms = { secret: linkSecret, expires: new Date(Date.now() + 60_000) };
    return `${origin}/files/zip/${await signLink({ prefix }, terms)}`;
  };
  const ended = () => events.find(({ event }) => event === "download_ended");
  return { origin, source, events, link, nextEnd: () => vi.waitUntil(ended, { interval: 1 }) };
}

describe.each(recipes)("Ziplink in %s", (_, recipe) => {
  const files = { "invoice.txt": "an invoice", "terms.txt": "some terms" };

  test("sends the archive of a link whole, in ranges, and its headers alone", async () => {
    const { link, nextEnd } = await serve(recipe);
    const url = await link("orders/1/");
    const whole = await download(url);
    expect([whole.status, whole.complete]).toEqual([200, true]);
    expect(readArchive(whole.bytes)).toEqual(files);
    expect(await nextEnd()).toMatchObject({ outcome: "completed", sent: whole.bytes.length });
    const length = String(whole.bytes.length);
    expect(whole.headers).toMatchObject({ "content-length": length, "accept-ranges": "bytes" });

    const part = await download(url, { headers: { Range: "bytes=50-" } });
    expect(part.status).toBe(206);
    expect(part.bytes.equals(whole.bytes.subarray(50))).toBe(true);
    expect(part.headers["content-range"]).toBe(`bytes 50-${whole.bytes.length - 1}/${length}`);

    const head = await download(url, { method: "HEAD" });
    expect([head.status, head.headers["content-length"]]).toEqual([200, length]);
    expect(head.bytes).toHaveLength(0);
  });

  test("sends an archive larger than what fits between it and a client", async () => {
    const { link } = await serve(recipe);
    const { bytes, complete } = await download(await link("orders/2/"));
    expect(complete).toBe(true);
    expect(readArchive(bytes)["scan.bin"]).toBe(big.toString());
  });

  test("closes what a download has open once the client leaves", async () => {
    const { link, source, nextEnd } = await serve(recipe);
    const { body } = await open(await link("orders/2/"));
    await once(body, "data");
    body.destroy();
    expect(await nextEnd()).toMatchObject({ outcome: "aborted" });
    expect(source.counts.open).toBe(0);
  });

  test("breaks the connection of an archive that fails midway", async () => {
    // The server behind the route handlers prints what a stream fails with.
    vi.spyOn(console, "error").mockImplementation(() => undefined);
    onTestFinished(() => void vi.restoreAllMocks());
    const { origin, nextEnd } = await serve(recipe);
    const { status, headers, bytes, complete } = await download(`${origin}/orders/3/documents`);
    expect([status, complete]).toEqual([200, false]);
    expect(bytes.length).toBeLessThan(Number(headers["content-length"]));
    expect(await nextEnd()).toMatchObject({ outcome: "failed", failure: { code: "corrupt" } });
  });

  test("answers the errors of links as problems", async () => {
    const { origin } = await serve(recipe);
    const { status, headers, bytes } = await download(`${origin}/files/zip/forged`);
    expect([status, headers["content-type"]]).toEqual([401, "application/problem+json"]);
    expect(JSON.parse(bytes.toString())).toMatchObject({ code: "unauthorized" });
  });

  test("serves the application's own route, whose errors the application answers", async () => {
    const { origin } = await serve(recipe);
    const { status, bytes, headers } = await download(`${origin}/orders/1/documents`);
    expect([status, headers["content-disposition"]]).toEqual([
      200,
      'attachment; filename="Order 1.zip"',
    ]);
    expect(readArchive(bytes)).toEqual(files);
    const missing = await download(`${origin}/orders/x/documents`);
    expect(missing.status).toBe(404);
    expect(JSON.parse(missing.bytes.toString())).toEqual({ error: "There is no such order." });
    const empty = await download(`${origin}/orders/4/documents`, { method: "HEAD" });
    expect(empty.status).toBe(404);
  });

  test("mints links by POST /links, and sends archives by POST /zip", async () => {
    const { origin } = await serve(recipe);
    const token = callerToken(apiSecret);
    const minted = await post(`${origin}/files/links`, token, { prefix: "orders/1/" });
    expect(minted.status).toBe(201);
    const { url, page } = JSON.parse(minted.bytes.toString());
    expect(readArchive((await download(url)).bytes)).toEqual(files);
    const { status, headers } = await download(page);
    expect([status, headers["content-type"]]).toEqual([200, "text/html; charset=utf-8"]);
    const sent = await post(`${origin}/files/zip`, token, { prefix: "orders/1/" });
    expect(readArchive(sent.bytes)).toEqual(files);
    const wrong = await post(`${origin}/files/links`, token, { prefix: 1 });
    expect([wrong.status, JSON.parse(wrong.bytes.toString()).code]).toEqual([400, "malformed"]);
    const chunked = await download(`${origin}/files/links`, {
      method: "POST",
      headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
      body: ['{"prefix":', '"orders/1/"}'],
    });
    expect(chunked.status).toBe(201);
    const stranger = await post(`${origin}/files/links`, undefined, { prefix: "orders/1/" });
    expect(stranger.status).toBe(401);
  });
});

test("the recipes of docs/EMBEDDING.md are parts of these files", async () => {
  const root = join(import.meta.dirname, "../..");
  const text = await readFile(join(root, "docs/EMBEDDING.md"), "utf8");
  const section = /^## In your framework$(.*?)^## /ms.exec(text)?.[1] ?? "";
  const unindented = (code: string) => code.replace(/^ +/gm, "");
  const snippets = new Map<string, number>();
  let file = "";
  for (const [, link, snippet] of section.matchAll(/\(\.\.\/([\w/-]+\.ts)\)|```ts\n(.*?)```/gs)) {
    if (link !== undefined) file = link;
    if (snippet === undefined || file === "") continue;
    const code = await readFile(join(root, file), "utf8");
    expect(unindented(code), file).toContain(unindented(snippet));
    snippets.set(file, (snippets.get(file) ?? 0) + 1);
  }
  expect(Object.fromEntries(snippets)).toEqual({
    "examples/mounting/documents.ts": 1,
    "examples/mounting/express.ts": 1,
    "examples/mounting/fastify.ts": 2,
    "examples/mounting/hono.ts": 1,
    "examples/mounting/route-handlers.ts": 1,
  });
});

test("POST /links behind Fastify's own parser reads what that has parsed", async () => {
  const { origin } = await serve(async (options) => {
    const { publicUrl: _, ...rest } = options;
    const listener = createNodeListener(createApp(rest));
    const app = fastify();
    app.all("/*", async (request, reply) => {
      reply.hijack();
      await listener(Object.assign(request.raw, { body: request.body }), reply.raw);
    });
    await app.ready();
    onTestFinished(() => app.close());
    return (request, response) => app.routing(request, response);
  });
  const minted = await post(`${origin}/links`, callerToken(apiSecret), { prefix: "orders/1/" });
  expect(minted.status).toBe(201);
  const { bytes } = await download(JSON.parse(minted.bytes.toString()).url);
  expect(Object.keys(readArchive(bytes))).toEqual(["invoice.txt", "terms.txt"]);
});
