import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { signLink } from "../../../core/links/link.ts";
import { storeError } from "../../../core/source/store-errors.ts";
import { readConfig } from "../../../functions/config/config.ts";
import { createMetrics } from "../../../functions/observability/metrics.ts";
import { appOf } from "../../support/apps.ts";
import { patterned } from "../../support/bytes.ts";
import { expectDefectLogged } from "../../support/defects.ts";
import { download } from "../../support/download.ts";
import { linkSecret } from "../../support/secrets.ts";
import { startService } from "../../support/service-process.ts";
import { failing } from "../../support/sources.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

const token = "the metrics' token: forty letters or more";
const bearer = "a-token-for-metrics-of-thirty-two-b";
const objects = { "a/one.bin": patterned(3_000_000), "b/two.txt": "two" };

const pathOf = async (prefix = "a/", subject = "subject-7") =>
  `/zip/${await signLink(
    { prefix },
    { secret: linkSecret, expires: new Date(Date.now() + 60_000), subject, id: "link-9" },
  )}`;

/** Creates an app whose events are counted, and functions to read the metrics. */
function measuredApp(source = createMemorySource(objects)) {
  const metrics = createMetrics();
  const app = appOf(source, {
    audit: (event) => metrics.observe(event),
    resilience: {
      attempts: 3,
      backoffMs: 1,
      halfOpenAfterMs: 20,
      observe: (event) => metrics.observe(event),
    },
    metrics: { metrics, token: bearer },
  });
  const read = async () => {
    const response = await app.get("/metrics", { headers: { Authorization: `Bearer ${bearer}` } });
    expect(response.status).toBe(200);
    return response.text();
  };
  const count = async (series: string) => {
    const line = (await read()).split("\n").find((text) => text.startsWith(`${series} `));
    return line === undefined ? undefined : Number(line.slice(series.length + 1));
  };
  return { ...app, read, count };
}

describe("metrics", () => {
  test("count downloads by outcome, their bytes, and those in progress", async () => {
    const { get, count } = measuredApp();
    const whole = await get(await pathOf());
    const left = await get(await pathOf());
    expect(await count("ziplink_active_downloads")).toBe(2);
    const { byteLength } = await whole.arrayBuffer();
    const reader = left.body?.getReader();
    const first = await reader?.read();
    await reader?.cancel();
    expect(await count("ziplink_active_downloads")).toBe(0);
    expect(await count('ziplink_downloads_total{outcome="completed"}')).toBe(1);
    expect(await count('ziplink_downloads_total{outcome="aborted"}')).toBe(1);
    expect(await count('ziplink_downloads_total{outcome="failed"}')).toBe(0);
    expect(await count("ziplink_sent_bytes_total")).toBe(byteLength + (first?.value?.length ?? 0));
    expect(await count("ziplink_first_byte_seconds_count")).toBe(2);
    expect(await count('ziplink_first_byte_seconds_bucket{le="+Inf"}')).toBe(2);
  });

  test("count denials by their reason, whatever the client is told", async () => {
    for (const [failure, reason, status] of [
      ["denied", "denied", 404],
      ["no_credentials", "no_credentials", 503],
      ["no_bucket", "no_bucket", 503],
    ] as const) {
      const source = createMemorySource(objects);
      const { get, count } = measuredApp({
        ...source,
        async *list(prefix) {
          yield* source.list(prefix);
          throw storeError(failure);
        },
      });
      expect((await get(await pathOf())).status).toBe(status);
      expect(await count(`ziplink_denied_requests_total{reason="${reason}"}`)).toBe(1);
      expect(await count(`ziplink_refused_requests_total{status="${status}"}`)).toBe(1);
    }
  });

  test("count failed downloads, refused requests and links", async () => {
    const source = createMemorySource(objects);
    const error = new ZiplinkError("corrupt", "no");
    const { get, post, count } = measuredApp({
      ...source,
      ...failing(source, "a/one.bin", 1_000_000, error),
    });
    const response = await get(await pathOf());
    await expect(response.arrayBuffer()).rejects.toThrow();
    await get("/zip/garbage");
    await get("/zip/garbage");
    await get(await pathOf("nowhere/"));
    await post("/links", { prefix: "b/" });
    expect(await count('ziplink_downloads_total{outcome="failed"}')).toBe(1);
    expect(await count("ziplink_active_downloads")).toBe(0);
    expect(await count('ziplink_refused_requests_total{status="401"}')).toBe(2);
    expect(await count('ziplink_refused_requests_total{status="404"}')).toBe(1);
    expect(await count("ziplink_links_created_total")).toBe(1);
  });

  test("count retries by code, and state the breaker's state", async () => {
    const source = createMemorySource(objects);
    let isDown = true;
    const { get, count } = measuredApp({
      ...source,
      async stat(key, signal) {
        if (isDown) throw new ZiplinkError("throttled", "slow down");
        return source.stat(key, signal);
      },
    });
    const listed = async () => {
      const zip = { entries: [{ key: "b/two.txt" }] };
      const terms = { secret: linkSecret, expires: new Date(Date.now() + 60_000) };
      return (await get(`/zip/${await signLink(zip, terms)}`, { method: "HEAD" })).status;
    };
    expect(await count('ziplink_store_breaker_state{state="closed"}')).toBe(1);
    expect(await listed()).toBe(503);
    // Three attempts make two retries.
    expect(await count('ziplink_store_retries_total{code="throttled"}')).toBe(2);
    while ((await count('ziplink_store_breaker_state{state="open"}')) !== 1) await listed();
    expect(await count('ziplink_store_breaker_state{state="closed"}')).toBe(0);
    isDown = false;
    while ((await count('ziplink_store_breaker_state{state="closed"}')) !== 1) await listed();
    expect(await count('ziplink_store_breaker_state{state="open"}')).toBe(0);
    expect(await listed()).toBe(200);
  });

  test("have no label that grows with use: no id, name, key, token or address", async () => {
    const { get, post, read } = measuredApp();
    const series = async () =>
      (await read())
        .split("\n")
        .filter((line) => line.startsWith("ziplink_"))
        .map((line) => line.slice(0, line.lastIndexOf(" ")));
    const use = async (subject: string) => {
      await (await get(await pathOf("a/", subject))).arrayBuffer();
      await get(`/zip/${subject}`);
      await post("/links", { prefix: "b/", subject });
    };
    await use("subject-0");
    const before = await series();
    for (let i = 1; i < 20; i++) await use(`subject-${i}`);
    expect(await series()).toEqual(before);
    expect(await read()).not.toMatch(/subject-|link-9|one\.bin|two\.txt|eyJ/);
  });
});

describe("GET /metrics", () => {
  test.each<[string, string | undefined]>([
    ["no token", undefined],
    ["another token", "Bearer b-token-for-metrics-of-thirty-two-b"],
    ["part of the token", `Bearer ${bearer.slice(0, -1)}`],
    ["the token with a character more", `Bearer ${bearer}b`],
    ["another scheme", `Basic ${bearer}`],
    ["the token alone", bearer],
  ])("answers 401 to %s", async (_, authorization) => {
    const { get } = measuredApp();
    const headers = authorization === undefined ? {} : { Authorization: authorization };
    const response = await get("/metrics", { headers });
    expect(response.status).toBe(401);
    expect(response.headers.get("www-authenticate")).toContain("Bearer");
    expect(await response.text()).not.toMatch(/ziplink_|token-for-metrics/);
  });

  test("does not exist without a token, and allows only GET", async () => {
    const { get } = appOf(createMemorySource(objects));
    expect((await get("/metrics")).status).toBe(404);
    const posted = await measuredApp().get("/metrics", { method: "POST" });
    expect([posted.status, posted.headers.get("allow")]).toEqual([405, "GET, HEAD"]);
  });

  test("answers a defect with 500, and logs where it is", async () => {
    const read = () => Promise.reject(new TypeError("of a-secret"));
    const metrics = { ...createMetrics(), read };
    const { get, events } = appOf(createMemorySource(objects), {
      metrics: { metrics, token: bearer },
    });
    const headers = { Authorization: `Bearer ${bearer}`, "X-Request-Id": "r-1" };
    expect((await get("/metrics", { headers })).status).toBe(500);
    expectDefectLogged(events);
  });

  test("answers in the Prometheus text format, in a separate service", async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, "one.txt"), "one");
    const service = await startService("functions/node.ts", {
      SOURCE: folder,
      LINK_SECRET: linkSecret,
      METRICS: "true",
      METRICS_TOKEN: bearer,
    });
    onTestFinished(async () => void (await service.stop()));
    await download(service.url + (await pathOf("")));
    const { status, headers, bytes } = await download(`${service.url}/metrics`, {
      headers: { Authorization: `Bearer ${bearer}` },
    });
    expect(status).toBe(200);
    expect(headers["content-type"]).toBe("text/plain; version=0.0.4; charset=utf-8");
    const lines = bytes.toString().trim().split("\n");
    for (const line of lines.filter(Boolean)) {
      expect(line).toMatch(
        /^(# (HELP|TYPE) \w+ .*|[a-z_]\w*(\{(\w+="[^"\\\n]*",?)+\})? (-?[\d.]+(e[+-]?\d+)?|NaN|[+-]Inf))$/,
      );
    }
    expect(lines).toContain('ziplink_downloads_total{outcome="completed"} 1');
    expect(lines.join()).toContain("process_resident_memory_bytes");
    expect(service.output()).not.toContain(bearer);
  });
});

describe("settings", () => {
  const env = { SOURCE: "s3://bucket/", LINK_SECRET: linkSecret };

  test("are off by default", () => {
    expect(readConfig(env).observability).toEqual({
      metricsToken: undefined,
      traceProject: undefined,
    });
  });

  test.each<[Record<string, string>, RegExp]>([
    [{ METRICS: "true" }, /METRICS=true needs METRICS_TOKEN/],
    [{ METRICS_TOKEN: bearer }, /METRICS_TOKEN needs METRICS=true/],
    [{ METRICS: "true", METRICS_TOKEN: "short" }, /METRICS_TOKEN must have at least 32 bytes/],
    [{ METRICS: "true", METRICS_TOKEN: token }, /METRICS_TOKEN must be a bearer token/],
    [{ METRICS: "perhaps" }, /METRICS /],
    [{ GOOGLE_CLOUD_PROJECT: "a/b" }, /GOOGLE_CLOUD_PROJECT must be a Google Cloud project ID/],
  ])("refuse %j", (wrong, message) => {
    expect(() => readConfig({ ...env, ...wrong })).toThrow(message);
  });
});
