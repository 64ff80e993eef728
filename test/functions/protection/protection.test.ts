import { describe, expect, test, vi } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { type SignLinkOptions, signLink } from "../../../core/links/link.ts";
import { readConfig } from "../../../functions/config/config.ts";
import { defaultProtection, type Protection } from "../../../functions/config/protection-config.ts";
import { clientAddress } from "../../../functions/protection/client-address.ts";
import { callerToken } from "../../support/api-client.ts";
import { appOf, type MintedLink } from "../../support/apps.ts";
import { patterned } from "../../support/bytes.ts";
import { apiSecret, linkSecret } from "../../support/secrets.ts";
import { failing } from "../../support/sources.ts";

const objects = { "a/one.bin": patterned(3_000_000), "b/two.txt": "two" };

function serviceOf(protection: Partial<Protection>, source = createMemorySource(objects)) {
  return appOf(source, { protection: { ...defaultProtection, ...protection } });
}

const pathOf = async (claims: Partial<SignLinkOptions> = {}, prefix = "a/") => {
  const terms = { secret: linkSecret, expires: new Date(Date.now() + 60_000), ...claims };
  return `/zip/${await signLink({ prefix }, terms)}`;
};

async function expectTooMany(response: Response, seconds: RegExp): Promise<void> {
  expect(response.status).toBe(429);
  expect(response.headers.get("content-type")).toBe("application/problem+json");
  expect(response.headers.get("retry-after")).toMatch(seconds);
  expect(await response.json()).toMatchObject({
    status: 429,
    title: "Too Many Requests",
    code: "too_many_requests",
  });
}

describe("concurrent downloads", () => {
  test("of one principal are limited; others continue", async () => {
    const { get, events } = serviceOf({ maxActivePerCaller: 2 });
    const mine = { subject: "me" };
    const first = await get(await pathOf(mine));
    const second = await get(await pathOf(mine)); // another link, same subject
    await expectTooMany(await get(await pathOf(mine)), /^5$/);
    expect(events.at(-1)).toMatchObject({
      event: "request_refused",
      subject: "me",
      status: 429,
      failure: { code: "too_many_requests" },
    });
    const other = await get(await pathOf({ subject: "you" }));
    expect(other.status).toBe(200);
    await first.arrayBuffer();
    const third = await get(await pathOf(mine));
    expect(third.status).toBe(200);
    for (const { body } of [second, third, other]) await body?.cancel();
  });

  test("of a link without a subject are counted by the link", async () => {
    const { get } = serviceOf({ maxActivePerCaller: 1 });
    const path = await pathOf();
    const first = await get(path);
    expect((await get(path)).status).toBe(429);
    expect((await get(await pathOf())).status).toBe(200);
    await first.body?.cancel();
    expect((await get(path)).status).toBe(200);
  });

  test("of a caller do not count for a link whose subject has the same name", async () => {
    const { get, post } = serviceOf({ maxActivePerCaller: 1 });
    const held = await post("/zip", { prefix: "a/" });
    expect(held.status).toBe(200);
    expect((await post("/zip", { prefix: "a/" })).status).toBe(429);
    expect((await post("/links", { prefix: "a/" })).status).toBe(429);
    expect((await get(await pathOf({ subject: "caller-1" }))).status).toBe(200);
    await held.body?.cancel();
    expect((await post("/links", { prefix: "a/" })).status).toBe(201);
  });

  test("of a subject are counted apart for each caller that names it", async () => {
    const { get } = serviceOf({ maxActivePerCaller: 2 });
    const linkOf = (caller: string) => pathOf({ caller, subject: "user-17" });
    for (let i = 0; i < 2; i++) expect((await get(await linkOf("a"))).status).toBe(200);
    await expectTooMany(await get(await linkOf("a")), /^5$/);
    expect((await get(await linkOf("b"))).status).toBe(200);
    // Nor does a caller's link count as one of the application's own.
    expect((await get(await pathOf({ subject: "user-17" }))).status).toBe(200);
  });

  test("of all links that one caller has created leave some to others", async () => {
    const { get, mint, events } = serviceOf({ maxActive: 10, maxActivePerCaller: 3 });
    const links: MintedLink[] = [];
    for (let i = 0; i < 4; i++) links.push(await mint({ prefix: "a/" }));
    const statuses: number[] = [];
    for (const { url } of [...links, ...links, ...links]) statuses.push((await get(url)).status);
    expect(statuses).toEqual([...Array(8).fill(200), ...Array(4).fill(429)]);
    expect(events.at(-1)).toMatchObject({ event: "request_refused", caller: "caller-1" });
    expect((await get(await pathOf({ caller: "caller-2" }))).status).toBe(200);
    expect((await get(await pathOf())).status).toBe(200);
  });

  test("are limited overall, and a principal over its own limit takes nothing from that limit", async () => {
    const { get } = serviceOf({ maxActive: 2, maxActivePerCaller: 1 });
    const first = await get(await pathOf({ subject: "1" }));
    expect((await get(await pathOf({ subject: "1" }))).status).toBe(429);
    const second = await get(await pathOf({ subject: "2" }));
    expect(second.status).toBe(200);
    await expectTooMany(await get(await pathOf({ subject: "3" })), /^5$/);
    expect((await get("/healthz")).status).toBe(200);
    await first.body?.cancel();
    expect((await get(await pathOf({ subject: "3" }))).status).toBe(200);
  });

  type Case = [what: string, status: number, end: (service: Service) => Promise<Response>];
  type Service = ReturnType<typeof serviceOf>;
  const principal = { subject: "me" };
  const ask = async ({ get }: Service, headers = {}, method = "GET", query = "") =>
    get((await pathOf(principal)) + query, { method, headers });
  const describing = (service: Service) => ask(service, {}, "GET", "?format=json");
  const page = async ({ get }: Service, method = "GET") =>
    get((await pathOf(principal)).replace("/zip/", "/d/"), { method });
  const cases: Case[] = [
    ["a download to its end", 200, async (service) => readAll(await ask(service))],
    ["a client that disconnects at once", 200, async (service) => cancel(await ask(service))],
    ["a client that disconnects midway", 200, async (service) => leaveMidway(await ask(service))],
    ["a range", 206, async (service) => readAll(await ask(service, { Range: "bytes=5-9" }))],
    ["HEAD", 200, (service) => ask(service, {}, "HEAD")],
    ["304", 304, (service) => ask(service, { "If-None-Match": "*" })],
    ["412", 412, (service) => ask(service, { "If-Match": '"other"' })],
    ["416", 416, (service) => ask(service, { Range: "bytes=99999999-" })],
    ["a refused HEAD", 412, (service) => ask(service, { "If-Match": '"other"' }, "HEAD")],
    ["a description", 200, async (service) => readAll(await describing(service))],
    ["a description nobody reads", 200, async (service) => cancel(await describing(service))],
    ["HEAD of a description", 200, (service) => ask(service, {}, "HEAD", "?format=json")],
    ["a page", 200, async (service) => readAll(await page(service))],
    ["a page that nobody reads", 200, async (service) => leaveMidway(await page(service))],
    ["HEAD of a page", 200, (service) => page(service, "HEAD")],
    ["404", 404, async ({ get }) => get(await pathOf(principal, "nowhere/"))],
    ["a malformed body", 400, ({ post }) => post("/zip", { prefix: 1 }, {}, me())],
    ["a body out of scope", 403, ({ post }) => post("/zip", { prefix: "" }, {}, me(["a/"]))],
    ["a created link", 201, ({ post }) => post("/links", { prefix: "a/" }, {}, me())],
  ];
  const me = (prefixes = [""]) => callerToken(apiSecret, prefixes, { sub: "me" });
  const readAll = async (response: Response) => {
    await response.arrayBuffer();
    return response;
  };
  const cancel = async (response: Response) => {
    await response.body?.cancel();
    return response;
  };
  const leaveMidway = async (response: Response) => {
    const reader = response.body?.getReader();
    await reader?.read();
    await reader?.cancel();
    return response;
  };

  test.each(cases)("%s releases its slot", async (_, status, end) => {
    const service = serviceOf({ maxActive: 1 });
    for (let i = 0; i < 3; i++) expect((await end(service)).status).toBe(status);
    expect((await service.get(await pathOf())).status).toBe(200);
  });

  test.each([
    ["before its first byte", 0, 503],
    ["midway", 1_000_000, 200],
  ])("a download that fails %s releases its slot", async (_, after, status) => {
    const source = createMemorySource(objects);
    const error = new ZiplinkError("unavailable", "down");
    const { get } = appOf(failing(source, "a/one.bin", after, error), {
      protection: { ...defaultProtection, maxActive: 1 },
    });
    for (let i = 0; i < 3; i++) {
      const response = await get(await pathOf());
      expect(response.status).toBe(status);
      const reading = response.arrayBuffer();
      if (status === 200) await expect(reading).rejects.toThrow();
      else await reading;
    }
    expect((await get(await pathOf({}, "b/"))).status).toBe(200);
  });

  test("a client that disconnects while the archive is planned releases its slot", async () => {
    const memory = createMemorySource(objects);
    const abort = new AbortController();
    const { get, events } = appOf(
      {
        ...memory,
        async *list(prefix, signal) {
          abort.abort();
          yield* memory.list(prefix, signal);
        },
      },
      { protection: { ...defaultProtection, maxActive: 1 } },
    );
    await get(await pathOf(), { signal: abort.signal });
    expect(events).toMatchObject([{ event: "request_refused", failure: { code: "aborted" } }]);
    expect((await get(await pathOf())).status).toBe(200);
  });

  test("a client that disconnects releases its slot even if nobody reads or cancels the response", async () => {
    const { get, events } = serviceOf({ maxActivePerCaller: 2 });
    const path = await pathOf({ subject: "me" });
    for (let i = 1; i <= 3; i++) {
      const abort = new AbortController();
      expect((await get(path, { signal: abort.signal })).status).toBe(200);
      abort.abort();
      const ends = () => events.filter(({ event }) => event === "download_ended");
      await vi.waitUntil(() => ends().length === i, { interval: 1 });
      expect(ends().at(-1)).toMatchObject({ outcome: "aborted", sent: 0 });
    }
  });

  test.each(["?format=json", "page"])("%s holds its slot until it has been sent", async (form) => {
    const { get } = serviceOf({ maxActivePerCaller: 1 });
    const path = await pathOf();
    const shown = form === "page" ? path.replace("/zip/", "/d/") : path + form;
    const first = await get(shown);
    expect(first.headers.get("content-length")).toMatch(/^\d+$/);
    expect((await get(path, { method: "HEAD" })).status).toBe(429);
    const { byteLength } = await first.arrayBuffer();
    expect(String(byteLength)).toBe(first.headers.get("content-length"));
    expect((await get(path, { method: "HEAD" })).status).toBe(200);
  });

  test("unauthenticated requests take no slots", async () => {
    const { get, post } = serviceOf({ maxActive: 1, requestsPerMinute: 2 });
    const bad = Array.from({ length: 10 }, () => get("/zip/e30.e30.x"));
    for (const { status } of await Promise.all(bad)) expect(status).toBe(401);
    expect((await post("/zip", { prefix: "a/" }, {}, "x.y.z")).status).toBe(401);
    expect((await get(await pathOf())).status).toBe(200);
  });
});

describe("requests per minute", () => {
  test("of one principal are limited, with the time to wait; others continue", async () => {
    const { get, post } = serviceOf({ requestsPerMinutePerCaller: 3 });
    const path = await pathOf({ subject: "me" });
    for (let i = 0; i < 3; i++) expect((await get(path, { method: "HEAD" })).status).toBe(200);
    await expectTooMany(await get(path), /^([1-5]?\d|60)$/);
    const head = await get(path, { method: "HEAD" });
    expect([head.status, await head.text()]).toEqual([429, ""]);
    expect((await get(await pathOf({ subject: "you" }), { method: "HEAD" })).status).toBe(200);
    for (let i = 0; i < 3; i++) {
      expect((await post("/links", { prefix: "a/" })).status).toBe(201);
    }
    await expectTooMany(await post("/links", { prefix: "a/" }), /^([1-5]?\d|60)$/);
  });

  test("of all links of one caller leave some to others", async () => {
    const { get } = serviceOf({ requestsPerMinute: 10, requestsPerMinutePerCaller: 2 });
    const heads = async (caller: string) => {
      const path = await pathOf({ caller });
      const send = () => get(path, { method: "HEAD" });
      return [(await send()).status, (await send()).status];
    };
    for (let i = 0; i < 4; i++) expect(await heads("a")).toEqual([200, 200]);
    expect(await heads("a")).toEqual([429, 429]);
    expect(await heads("b")).toEqual([200, 200]);
  });

  test("are limited overall; the health check is not counted", async () => {
    const { get } = serviceOf({ requestsPerMinute: 2 });
    for (let i = 0; i < 5; i++) expect((await get("/healthz")).status).toBe(200);
    for (const subject of ["1", "2"]) {
      const response = await get(await pathOf({ subject }), { method: "HEAD" });
      expect(response.status).toBe(200);
    }
    await expectTooMany(await get(await pathOf({ subject: "3" })), /^([1-5]?\d|60)$/);
    expect((await get("/healthz")).status).toBe(200);
  });

  test("of one address are limited behind trusted proxies, before anything is verified", async () => {
    const { get, events } = serviceOf({ requestsPerMinutePerCaller: 2, trustedProxies: 1 });
    const from = (addresses: string) =>
      get("/zip/garbage", { headers: { "X-Forwarded-For": addresses } });
    expect((await from("203.0.113.1, 198.51.100.7")).status).toBe(401);
    expect((await from("203.0.113.2, 198.51.100.7")).status).toBe(401);
    // Addresses that the client adds itself are ignored.
    await expectTooMany(await from("203.0.113.3, 198.51.100.7"), /^([1-5]?\d|60)$/);
    expect(events.at(-1)).toMatchObject({ event: "request_refused", status: 429 });
    expect(JSON.stringify(events)).not.toContain("198.51");
    expect((await from("203.0.113.1, 198.51.100.8")).status).toBe(401);
    const health = await get("/healthz", { headers: { "X-Forwarded-For": "198.51.100.7" } });
    expect(health.status).toBe(200);
  });

  test("of addresses are not counted if no proxy is trusted", async () => {
    const { get } = serviceOf({ requestsPerMinutePerCaller: 1 });
    const headers = { "X-Forwarded-For": "198.51.100.7" };
    for (let i = 0; i < 5; i++) expect((await get("/zip/garbage", { headers })).status).toBe(401);
  });

  test("suffice by default for a download in many small slices", async () => {
    const { get } = appOf(createMemorySource(objects));
    const path = await pathOf({ subject: "me" });
    const whole = Buffer.from(await (await get(path)).arrayBuffer());
    const slices: Buffer[] = [];
    for (let start = 0; start < whole.length; start += 1000) {
      const response = await get(path, { headers: { Range: `bytes=${start}-${start + 999}` } });
      expect(response.status).toBe(206);
      slices.push(Buffer.from(await response.arrayBuffer()));
    }
    expect(slices.length).toBeGreaterThan(3000);
    expect(Buffer.concat(slices).equals(whole)).toBe(true);
  });
});

test.each<[forwarded: string, proxies: number, counted: string]>([
  ["192.0.2.1", 1, "192.0.2.1"],
  ["192.0.2.1:4711", 1, "192.0.2.1"],
  ["198.51.100.1, 192.0.2.1", 1, "192.0.2.1"],
  ["198.51.100.1, 192.0.2.1", 2, "198.51.100.1"],
  ["198.51.100.1,192.0.2.1,203.0.113.1", 2, "192.0.2.1"],
  ["192.0.2.1", 2, "unknown"],
  ["", 1, "unknown"],
  ["a, b", 1, "unknown"],
  ["192.0.2.1, ", 1, "unknown"],
  ["192.0.2.256", 1, "unknown"],
  ["2001:db8:1:2:3:4:5:6", 1, "2001:db8:1:2"],
  ["2001:db8:1:2::9", 1, "2001:db8:1:2"],
  ["2001:DB8:1:2::", 1, "2001:db8:1:2"],
  ["2001:0db8::1", 1, "2001:db8:0:0"],
  ["::1", 1, "0:0:0:0"],
  ["[2001:db8:1:2::9]:4711", 1, "2001:db8:1:2"],
  ["[2001:db8:1:2::9]", 1, "2001:db8:1:2"],
  ["fe80::1%eth0", 1, "fe80:0:0:0"],
  ["::ffff:192.0.2.1", 1, "::ffff:c000:201"],
  ["::ffff:192.0.2.2", 1, "::ffff:c000:202"],
])("X-Forwarded-For %j behind %i proxies counts as %s", (forwarded, proxies, counted) => {
  expect(clientAddress(new Headers({ "X-Forwarded-For": forwarded }), proxies)).toBe(counted);
});

describe("settings", () => {
  const env = { SOURCE: "s3://bucket/", LINK_SECRET: linkSecret };

  test("have sane defaults", () => {
    expect(readConfig(env).protection).toEqual(defaultProtection);
  });

  test("are used as given, and 0 means no limit", () => {
    const given = {
      MAX_ACTIVE_DOWNLOADS: "0",
      MAX_ACTIVE_PER_CALLER: "7",
      REQUESTS_PER_MINUTE: "0",
      REQUESTS_PER_MINUTE_PER_CALLER: "1_000",
      TRUSTED_PROXIES: "2",
    };
    expect(readConfig({ ...env, ...given }).protection).toEqual({
      maxActive: Infinity,
      maxActivePerCaller: 7,
      requestsPerMinute: Infinity,
      requestsPerMinutePerCaller: 1000,
      trustedProxies: 2,
    });
  });

  test.each(["-1", "many", "1.5"])("refuse %s", (value) => {
    const wrong = { ...env, MAX_ACTIVE_DOWNLOADS: value };
    expect(() => readConfig(wrong)).toThrow(/MAX_ACTIVE_DOWNLOADS must be a whole number/);
  });

  test("Infinity means no limit", async () => {
    const { get } = serviceOf({
      maxActive: Infinity,
      maxActivePerCaller: Infinity,
      requestsPerMinute: Infinity,
      requestsPerMinutePerCaller: Infinity,
    });
    const responses = await Promise.all(
      Array.from({ length: 150 }, async () => get(await pathOf({ subject: "me" }))),
    );
    for (const { status, body } of responses) {
      expect(status).toBe(200);
      await body?.cancel();
    }
  });
});
