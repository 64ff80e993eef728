import { once } from "node:events";
import { connect } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import {
  type AuditEvent,
  describeProblem,
  plannedBytes,
  secretKeys,
  signLink,
  ZiplinkError,
} from "../../../core/index.ts";
import { createApp, createArchives } from "../../../functions/index.ts";
import { createNodeServer } from "../../../functions/node/node-server.ts";
import { codeOf } from "../../support/error-codes.ts";
import { readArchive } from "../../support/read-archive.ts";
import { linkSecret } from "../../support/secrets.ts";
import { counting } from "../../support/sources.ts";

const modified = new Date("2024-02-29T12:34:56Z");
const objects = {
  "a.txt": { bytes: Buffer.from("first"), modified },
  "b.txt": { bytes: Buffer.from("second"), modified },
};
const spec = { name: "two", entries: [{ key: "a.txt" }, { key: "b.txt", name: "B.txt" }] };
const principal = { subject: "user-1" };

/** Creates archives for an application's routes, and records their audit events. */
function mount(responseLimits = { maxResponseBytes: Infinity, maxFixedLength: Infinity }) {
  const events: AuditEvent[] = [];
  const source = counting(createMemorySource(objects));
  const options = { source, responseLimits, audit: (event: AuditEvent) => events.push(event) };
  return { options, events, archives: createArchives(options) };
}

const request = (method: string, headers = {}) =>
  new Request("http://application.example/files", { method, headers });

describe("a route of an application's own", () => {
  test("answers a GET as RFC 9110 specifies for a file, and a POST with the whole archive", async () => {
    const { archives, events } = mount();
    const plan = await archives.plan(spec);
    expect(plannedBytes(plan)).toBe("firstsecond".length);
    const send = (method: string) =>
      archives.send(request(method, { Range: "bytes=0-3" }), { spec, plan, principal });
    const part = await send("GET");
    expect([part.status, await part.text()]).toEqual([206, "PK\x03\x04"]);
    expect((await send("HEAD")).status).toBe(200);
    const whole = await send("POST");
    expect(whole.headers.get("Accept-Ranges")).toBe("none");
    expect(whole.headers.get("Content-Disposition")).toContain("two.zip");
    const bytes = Buffer.from(await whole.arrayBuffer());
    expect(readArchive(bytes)).toEqual({ "a.txt": "first", "B.txt": "second" });
    expect(events.at(-1)).toMatchObject({ event: "download_ended", subject: "user-1" });
  });

  test("has limits of its own", async () => {
    const { archives } = mount();
    const plan = (maxEntries: number, maxBytes: number) =>
      codeOf(archives.plan(spec, { limits: { maxEntries, maxBytes } }));
    expect(await plan(2, 11)).toBe("resolved");
    expect(await plan(1, 11)).toBe("too_many_entries");
    expect(await plan(2, 10)).toBe("too_large");
  });

  test("cannot send more in one response than the platform can", async () => {
    const { archives } = mount({ maxResponseBytes: 100, maxFixedLength: Infinity });
    const plan = await archives.plan(spec);
    expect(await codeOf(archives.send(request("POST"), { spec, plan, principal }))).toBe(
      "too_large",
    );
    expect(await codeOf(archives.send(request("GET"), { spec, plan, principal }))).toBe(
      "too_large",
    );
  });

  test("shares its plans and store lookups with links", async () => {
    const { options, archives } = mount();
    const linkKeys = secretKeys(linkSecret);
    const app = createApp({ ...options, linkKeys }, archives);
    const token = await signLink(spec, {
      keys: linkKeys,
      expires: new Date(Date.now() + 60_000),
    });
    const link = await app(new Request(`http://application.example/zip/${token}`));
    const plan = await archives.plan(spec);
    const own = await archives.send(request("GET"), { spec, plan, principal });
    expect(own.headers.get("ETag")).toBe(link.headers.get("ETag"));
    expect(await own.text()).toBe(await link.text());
    const { plan: planned } = await archives.byLink.plan(token, spec);
    expect(planned).toEqual(plan);
    expect(options.source.counts.stats).toBe(4); // the link's plan counts once, although it was requested twice
  });
});

describe("an application behind Node's servers", () => {
  const cookies = ["a=1; Path=/; Expires=Wed, 01 May 2030 12:00:00 GMT", "b=2; HttpOnly"];

  /** Serves, for the duration of the test, an app whose responses set both cookies; returns its URL. */
  async function served(http2: boolean): Promise<string> {
    const app = async () => {
      const response = new Response("hello");
      for (const cookie of cookies) response.headers.append("Set-Cookie", cookie);
      return response;
    };
    const { server, shutDown } = createNodeServer(app, { http2 });
    onTestFinished(shutDown);
    await once(server.listen(0, "127.0.0.1"), "listening");
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  test("sets all its cookies over HTTP/1", async () => {
    const { headers } = await fetch(await served(false));
    expect(headers.getSetCookie()).toEqual(cookies);
  });

  test("sets all its cookies over HTTP/2", async () => {
    const session = connect(await served(true));
    onTestFinished(() => session.destroy());
    const [headers] = await once(session.request({ ":path": "/" }), "response");
    expect(headers["set-cookie"]).toEqual(cookies);
  });
});

test.each<[unknown, object]>([
  [
    new ZiplinkError("too_large", "Too much.", { details: { limit: 1, total: 2 } }),
    {
      status: 413,
      code: "too_large",
      detail: "Too much.",
      details: { limit: 1, total: 2 },
      headers: {},
    },
  ],
  [
    new ZiplinkError("denied", "The bucket's policy forbids it."),
    {
      status: 404,
      code: "not_found",
      detail: "One or more objects were not found.",
      details: {},
      headers: {},
    },
  ],
  [
    new ZiplinkError("throttled", "Slow down.", { retryAfterMs: 1_500, headers: { ETag: '"x"' } }),
    {
      status: 503,
      code: "throttled",
      detail: "Slow down.",
      details: {},
      headers: { "Retry-After": "2", ETag: '"x"' },
    },
  ],
  [
    new TypeError("a key"),
    {
      status: 500,
      code: "internal",
      detail: "Something went wrong on our side.",
      details: {},
      headers: {},
    },
  ],
])("describes to a client what it may know of %s", (error, problem) => {
  expect(describeProblem(error)).toEqual(problem);
});
