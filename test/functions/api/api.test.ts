import { describe, expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import type { Resolve } from "../../../functions/api/api-request.ts";
import { platformAuth } from "../../../functions/auth/platform.ts";
import { callerToken } from "../../support/api-client.ts";
import { appOf, claimsOf } from "../../support/apps.ts";
import { patterned } from "../../support/bytes.ts";
import { apiSecret } from "../../support/secrets.ts";
import { counting, failing } from "../../support/sources.ts";

const objects = {
  "a/geheim.txt": "text",
  "a/plan.bin": patterned(2_000_000),
  "b/other.txt": "other",
};
const body = { entries: [{ key: "a/geheim.txt" }, { key: "a/plan.bin", name: "P.bin" }] };
const bytesOf = async (response: Response) => Buffer.from(await response.arrayBuffer());

describe("POST /zip", () => {
  test("sends the same archive as a link to it", async () => {
    const { post, get, mint } = appOf(createMemorySource(objects));
    const sent = await post("/zip", body);
    expect(sent.status).toBe(200);
    const linked = await get((await mint(body)).url);
    expect((await bytesOf(sent)).equals(await bytesOf(linked))).toBe(true);
    expect(sent.headers.get("etag")).toBe(linked.headers.get("etag"));
  });

  test("ignores ranges and conditions", async () => {
    const { post } = appOf(createMemorySource(objects));
    const whole = await post("/zip", body);
    const etag = whole.headers.get("etag") ?? "";
    const length = whole.headers.get("content-length");
    for (const headers of [
      { Range: "bytes=0-9" },
      { "If-None-Match": etag },
      { "If-Match": "x" },
    ]) {
      const response = await post("/zip", body, headers);
      expect(response.status).toBe(200);
      expect(response.headers.get("content-length")).toBe(length);
      expect(response.headers.get("accept-ranges")).toBe("none");
    }
  });

  test("audits the download by the caller's id", async () => {
    const { post, events } = appOf(createMemorySource(objects));
    await bytesOf(await post("/zip", body));
    const common = { subject: "caller-1", entries: 2 };
    expect(events).toMatchObject([
      { event: "download_started", ...common },
      { event: "download_ended", ...common, outcome: "completed" },
    ]);
    expect(JSON.stringify(events)).not.toMatch(/geheim|plan|P\.bin|eyJ/);
  });

  test("fails like a link once bytes have been sent", async () => {
    const memory = createMemorySource(objects);
    const source = failing(memory, "a/plan.bin", 1_500_000, new ZiplinkError("corrupt", "broken"));
    const { post, events } = appOf(source);
    await expect(bytesOf(await post("/zip", body))).rejects.toThrow();
    expect(events.at(-1)).toMatchObject({ outcome: "failed", subject: "caller-1" });
  });

  test("refuses an archive longer than one response, and suggests a link", async () => {
    const responseLimits = { maxResponseBytes: 1_000_000, maxFixedLength: Infinity };
    const { post } = appOf(createMemorySource(objects), { responseLimits });
    const response = await post("/zip", body);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({
      detail: expect.stringContaining(
        "This archive has 2.0 MB; a response can have at most 1.0 MB here.",
      ),
      limit: 1_000_000,
    });
  });

  test("sends the pinned archive or nothing", async () => {
    const { post } = appOf(createMemorySource(objects));
    const etag = (await post("/zip", body)).headers.get("etag");
    expect((await post("/zip", { ...body, etag })).status).toBe(200);
    expect((await post("/zip", { ...body, etag: '"other"' })).status).toBe(412);
  });
});

describe("POST /links", () => {
  test("pins: once the contents have changed, the link no longer works", async () => {
    const source = createMemorySource(objects);
    const { get, mint } = appOf(source, { cacheSeconds: 0 });
    const [pinned, loose] = [await mint(body), await mint({ ...body, pin: false })];
    expect(claimsOf(pinned.url).zip.etag).toBe((await get(pinned.url)).headers.get("etag"));
    expect(claimsOf(loose.url).zip.etag).toBeUndefined();
    source.put("a/geheim.txt", "changed");
    expect((await get(pinned.url)).status).toBe(412);
    expect((await get(loose.url)).status).toBe(200);
  });

  test("states the archive's entries and bytes, and opens no object", async () => {
    const source = counting(createMemorySource(objects));
    const { mint } = appOf(source);
    expect(await mint({ prefix: "a/" })).toMatchObject({ entries: 2, bytes: 2_000_004 });
    expect(source.counts.opened).toEqual([]);
  });

  test("puts an expiry, a subject and a title into the link", async () => {
    const { get, mint, events } = appOf(createMemorySource(objects));
    const terms = { expiresIn: 60, subject: "user-9", title: "Für Sie" };
    const { url, expires } = await mint({ ...body, ...terms });
    expect(claimsOf(url)).toMatchObject({ aud: "ziplink", sub: "user-9", title: "Für Sie" });
    expect(Math.abs(Date.parse(expires) - Date.now() - 60_000)).toBeLessThan(10_000);
    expect(claimsOf(url).exp).toBe(Date.parse(expires) / 1000);
    expect(claimsOf(url).zip).not.toHaveProperty("title");
    await bytesOf(await get(url));
    const { jti } = claimsOf(url);
    expect(events).toMatchObject([
      { event: "link_created", caller: "caller-1", link: jti, subject: "user-9", entries: 2 },
      { event: "download_started", link: jti, subject: "user-9" },
      { event: "download_ended", link: jti, subject: "user-9" },
    ]);
    expect(events[0]).toMatchObject({ bytes: 2_000_004 });
    expect(JSON.stringify(events)).not.toMatch(/geheim|plan|P\.bin|eyJ|Sie/);
  });

  test("makes links that last an hour by default, and never longer than allowed", async () => {
    const { mint } = appOf(createMemorySource(objects));
    const { expires } = await mint(body);
    expect(Math.abs(Date.parse(expires) - Date.now() - 3_600_000)).toBeLessThan(10_000);
    const at = new Date(Math.ceil(Date.now() / 1000) * 1000 + 86_400_000).toISOString();
    expect((await mint({ ...body, expires: at })).expires).toBe(at);
    const short = appOf(createMemorySource(objects), { maxLinkSeconds: 10 });
    const soon = Date.parse((await short.mint(body)).expires) - Date.now();
    expect(soon).toBeLessThanOrEqual(10_000);
  });

  test.each<[Record<string, unknown>, string]>([
    [{ expiresIn: 0 }, "expiresIn"],
    [{ expiresIn: 1.5 }, "expiresIn"],
    [{ expiresIn: "60" }, "expiresIn"],
    [{ expiresIn: 604_801 }, "expiresIn"],
    [{ expiresIn: 8_640_000_000_000 }, "expiresIn"],
    [{ expiresIn: Number.MAX_SAFE_INTEGER }, "expiresIn"],
    [{ expires: "tomorrow" }, "expires"],
    [{ expires: "2020-01-01T00:00:00Z" }, "expires"],
    [{ expires: "2999-01-01T00:00:00Z" }, "expires"],
    [{ expires: new Date(Date.now() + 60_000).toISOString(), expiresIn: 60 }, "expires"],
    [{ subject: "" }, "subject"],
    [{ title: 3 }, "title"],
    [{ pin: "yes" }, "pin"],
    [{ expire: 60 }, "expire"],
    [{ aud: "ziplink-api" }, "aud"],
    [{ exp: 9_999_999_999 }, "exp"],
    [{ manifest: "x", sha256: "y" }, "manifest"],
    [{ entries: [] }, "entries"],
    [{ entries: [{ key: "a/geheim.txt", size: 1 }] }, "entries.0.size"],
    [{ entries: [{ key: "a/geheim.txt" }], prefix: "" }, "prefix"],
    [{ name: "" }, "name"],
    [{ ids: [1] }, "ids"],
  ])("refuses %j, naming the field", async (change, field) => {
    const { post, events } = appOf(createMemorySource(objects));
    const response = await post("/links", { ...body, ...change });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      code: "malformed",
      field,
      detail: expect.stringMatching(new RegExp(`^${field}: `)),
    });
    const failure = { code: "malformed", causes: [] };
    const refused = { event: "request_refused", subject: "caller-1", status: 400, failure };
    expect(events).toEqual([{ ...refused, requestId: expect.any(String) }]);
  });

  test.each([
    ["http://service.example", {}, undefined],
    ["https://service.example", { "X-Forwarded-Proto": "https" }, undefined],
    ["https://files.example/zips", {}, "https://files.example/zips"],
  ])("its links begin with %s, given %j and PUBLIC_URL %s", async (base, headers, publicUrl) => {
    const { mint } = appOf(createMemorySource(objects), { publicUrl });
    const { url, page } = await mint({ ...body, name: "Q 1/2" }, headers);
    expect(url).toMatch(new RegExp(`^${base}/zip/[\\w.-]+/Q%201_2\\.zip$`));
    expect(page).toBe(`${base}/d/${url.split("/zip/")[1]?.split("/")[0]}`);
  });
});

describe.each(["/zip", "/links"])("POST %s", (path) => {
  test.each<[string, number, unknown, Record<string, unknown>]>([
    [
      "a missing object, without naming it",
      404,
      { entries: [{ key: "a/geheim.txt" }, { key: "a/nothing" }] },
      { detail: "One or more objects were not found." },
    ],
    ["a prefix without objects", 404, { prefix: "a/x/" }, { code: "not_found" }],
    [
      "too many entries",
      422,
      { entries: Array(11).fill({ key: "a/geheim.txt" }) },
      { limit: 10, total: 11, detail: expect.stringContaining("would hold 11 files") },
    ],
    [
      "too many bytes",
      413,
      { entries: Array(2).fill({ key: "a/plan.bin" }) },
      { limit: 3e6, total: 4e6, detail: expect.stringContaining("4.0 MB; the limit is 3.0 MB") },
    ],
    [
      "a body too long",
      413,
      { prefix: "x".repeat(30_000) },
      { limit: 20_000, detail: expect.stringContaining("30.0 KB or more; the limit is 20.0 KB") },
    ],
    ["a checksum that is not the store's", 409, { entries: [{ key: "c", crc32: 1 }] }, {}],
  ])("refuses %s: %i", async (_, status, request, expected) => {
    const source = createMemorySource(objects);
    source.put("c", { bytes: Buffer.from("c"), crc32: 2 });
    const limits = { maxEntries: 10, maxBytes: 3_000_000 };
    const { post, events } = appOf(source, { limits, maxBodyBytes: 20_000 });
    const response = await post(path, request);
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ status, ...expected });
    expect(events).toMatchObject([{ event: "request_refused", subject: "caller-1", status }]);
  });

  test.each([
    ["unavailable", 503],
    ["timeout", 504],
    ["denied", 404],
  ] as const)("reports that the store is %s: %i", async (code, status) => {
    const refuse = async () => {
      throw new ZiplinkError(code, "the store said so");
    };
    const { post } = appOf({ ...createMemorySource(objects), stat: refuse });
    expect((await post(path, body)).status).toBe(status);
  });

  test("does not exist without auth, and is open to all behind a platform's check", async () => {
    const source = createMemorySource(objects);
    expect((await appOf(source, { auth: undefined }).post(path, body)).status).toBe(404);
    const { get } = appOf(source, { auth: platformAuth });
    const headers = { "Content-Type": "application/json" };
    const response = await get(path, { method: "POST", headers, body: JSON.stringify(body) });
    expect(response.ok).toBe(true);
  });
});

describe("resolve", () => {
  const owners: Record<string, string> = { "1": "caller-1", two: "caller-1", "3": "caller-2" };
  const resolve: Resolve = async (ids, caller) =>
    ids.map((id) =>
      owners[id] === caller.id ? { key: "a/geheim.txt", name: `${id}.txt` } : undefined,
    );
  const unscoped = callerToken(apiSecret, [], { scope: undefined });

  test("maps ids to objects, for a caller that needs no prefixes", async () => {
    const { post, get } = appOf(createMemorySource(objects), { resolve });
    const response = await post("/links", { ids: [1, "two"], name: "n" }, {}, unscoped);
    expect(response.status).toBe(201);
    const { url } = (await response.json()) as { url: string };
    const archive = await (await get(`${url}?format=json`)).json();
    expect(archive).toMatchObject({ entries: [{ name: "1.txt" }, { name: "two.txt" }] });
  });

  test.each<[string, number, unknown]>([
    ["an id that belongs to another caller", 404, { ids: [1, 3] }],
    ["an id that belongs to nobody", 404, { ids: [1, 4] }],
    ["an empty list", 400, { ids: [] }],
    ["values that are not ids", 400, { ids: [{ id: 1 }] }],
    ["keys", 400, { entries: [{ key: "b/other.txt" }] }],
    ["keys beside ids", 400, { ids: [1], entries: [{ key: "b/other.txt" }] }],
    ["a prefix beside ids", 400, { ids: [1], prefix: "" }],
    ["unknown fields", 400, { ids: [1], colour: 1 }],
    ["too many ids", 422, { ids: Array(10_001).fill(1) }],
  ])("refuses %s: %i", async (_, status, request) => {
    const { post } = appOf(createMemorySource(objects), { resolve });
    for (const path of ["/zip", "/links"]) {
      expect((await post(path, request, {}, unscoped)).status).toBe(status);
    }
  });

  test("is not called for requests that are refused anyway", async () => {
    const asked: unknown[] = [];
    const { post } = appOf(createMemorySource(objects), {
      limits: { maxEntries: 1, maxBytes: 1e9 },
      async resolve(ids) {
        asked.push(ids);
        return [];
      },
    });
    expect((await post("/zip", { ids: [1, 2] })).status).toBe(422);
    expect((await post("/zip", { ids: [1], name: "" })).status).toBe(400);
    expect((await post("/zip", { ids: [1] }, {}, "x.y.z")).status).toBe(401);
    expect(asked).toEqual([]);
  });

  test("may refuse in its own words; a defect in it reveals nothing", async () => {
    const answerTo = async (error: Error) => {
      const { post, events } = appOf(createMemorySource(objects), {
        async resolve() {
          throw error;
        },
      });
      const response = await post("/zip", { ids: [1] });
      return { status: response.status, text: await response.text(), events };
    };
    const own = await answerTo(new ZiplinkError("too_large", "At most 100 MB."));
    expect(own).toMatchObject({ status: 413, text: expect.stringContaining("At most 100 MB.") });
    const defect = await answerTo(new Error("SELECT geheim FROM users"));
    expect(defect.status).toBe(500);
    expect(defect.text + JSON.stringify(defect.events)).not.toMatch(/geheim|SELECT/);
  });

  test("that returns a different number of objects is a defect", async () => {
    const { post } = appOf(createMemorySource(objects), {
      resolve: async () => [{ key: "a/geheim.txt" }, undefined, { key: "b/other.txt" }],
    });
    expect((await post("/zip", { ids: [1, 2] })).status).toBe(500);
  });

  test("stays within the caller's prefixes, if there are any", async () => {
    const { post } = appOf(createMemorySource(objects), { resolve });
    const within = callerToken(apiSecret, ["a/"]);
    const without = callerToken(apiSecret, ["b/"]);
    expect((await post("/zip", { ids: [1] }, {}, within)).status).toBe(200);
    expect((await post("/zip", { ids: [1] }, {}, without)).status).toBe(403);
  });
});

describe("what is wrong with a request is told to its caller", () => {
  const entries = [
    { key: "a/geheim.txt" },
    { key: "a/gone.txt" },
    { key: "a/plan.bin" },
    { key: "a/also-gone.txt", name: "Letter.txt" },
  ];

  test.each(["/zip", "/links"])("%s says which entries are missing", async (path) => {
    const { post, events } = appOf(createMemorySource(objects));
    const response = await post(path, { entries });
    expect(response.status).toBe(404);
    expect(await response.json()).toMatchObject({
      count: 2,
      missing: [
        { index: 1, name: "a/gone.txt" },
        { index: 3, name: "Letter.txt" },
      ],
    });
    expect(JSON.stringify(events)).not.toMatch(/gone|Letter/);
  });

  test("but the first hundred alone, and nobody else", async () => {
    const source = createMemorySource(objects);
    const many = Array.from({ length: 150 }, (_, i) => ({ key: `a/${i}` }));
    const { post, get, mint } = appOf(source);
    const told = (await (await post("/links", { entries: many })).json()) as {
      count: number;
      missing: unknown[];
    };
    expect([told.count, told.missing.length]).toEqual([150, 100]);
    const { url } = await mint({ entries: [{ key: "a/geheim.txt" }], pin: false });
    source.delete("a/geheim.txt");
    const holder = await (await get(url)).json();
    expect(holder).not.toHaveProperty("missing");
    const resolving = appOf(source, { resolve: async () => [{ key: "internal/key" }] });
    const unscoped = callerToken(apiSecret, [], { scope: undefined });
    const byId = await (await resolving.post("/links", { ids: [1] }, {}, unscoped)).text();
    expect(byId).not.toContain("internal");
  });

  test.each([
    [{ prefx: "a/" }, "prefx: unknown field. Did you mean prefix?"],
    [{ entries: [{ key: "a", nmae: "b" }] }, "entries.0.nmae: unknown field. Did you mean name?"],
    [{ ...body, expresIn: 5 }, "expresIn: unknown field. Did you mean expiresIn?"],
    [{ ...body, zzz: 5 }, "zzz: unknown field."],
  ])("and which field a typing error means: %j", async (sent, detail) => {
    const { post } = appOf(createMemorySource(objects));
    expect(await (await post("/links", sent)).json()).toMatchObject({ status: 400, detail });
  });
});

test("a sender and a message go into the link, and onto its page as text", async () => {
  const { get, mint } = appOf(createMemorySource(objects));
  const message = "Dear <b>customer</b>,\nhere are your files.";
  const { page, url } = await mint({ ...body, issuer: "ACME", message });
  expect(claimsOf(url)).toMatchObject({ iss: "ACME", message });
  const html = await (await get(page)).text();
  expect(html).toContain("Dear &lt;b&gt;customer&lt;/b&gt;,\nhere are your files.");
  expect(await (await get(`${url}?format=json`)).json()).toMatchObject({ issuer: "ACME", message });
});
