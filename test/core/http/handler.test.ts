import { describe, expect, test, vi } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import type { ArchiveDescription } from "../../../core/http/describe-archive.ts";
import { createLinkPresenter, type Presenter } from "../../../core/http/handler.ts";
import { signLink } from "../../../core/links/link.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { patterned } from "../../support/bytes.ts";
import { handlerOf, handlerOptions } from "../../support/handlers.ts";
import { linkSecret } from "../../support/secrets.ts";
import { counting, failing } from "../../support/sources.ts";

const objects = { "private/a.txt": "text", "private/b.bin": patterned(3_000_000) };

const textOf = async (response: Response) => ({
  status: response.status,
  headers: [...response.headers],
  body: await response.text(),
});

test("a denied object is indistinguishable from a missing one", async () => {
  const memory = createMemorySource(objects);
  const refuse = async () => {
    throw new ZiplinkError("denied", "The bucket's policy forbids it.");
  };
  const denied = handlerOf({ ...memory, stat: refuse });
  const missing = handlerOf(memory);
  const zip = { entries: [{ key: "nowhere" }] };
  expect(await textOf(await denied.get(zip))).toEqual(await textOf(await missing.get(zip)));
  // The audit log distinguishes them.
  expect(denied.events).toMatchObject([{ event: "request_refused", failure: { code: "denied" } }]);
});

describe("errors before the first byte are reported by a status", () => {
  test.each([
    ["unavailable", 503],
    ["timeout", 504],
    ["changed", 409],
    ["denied", 404],
    ["corrupt", 502],
  ] as const)("%s: %i", async (code, status) => {
    const memory = createMemorySource({ "b.bin": patterned(3_000_000) });
    const source = failing(memory, "b.bin", 0, new ZiplinkError(code, "it went wrong"));
    const { get, events } = handlerOf(source);
    const response = await get({ prefix: "" });
    expect(response.status).toBe(status);
    expect(response.headers.get("content-type")).toBe("application/problem+json");
    expect(events).toMatchObject([{ event: "request_refused", link: "l", status }]);
  });
});

test("a refused range, precondition or whole archive is audited", async () => {
  const { get, events } = handlerOf(createMemorySource(objects), {
    responseLimits: { maxResponseBytes: 1000, maxFixedLength: Infinity },
  });
  const zip = { prefix: "private/" };
  await get(zip);
  await get(zip, { headers: { Range: "bytes=99999999-" } });
  await get(zip, { headers: { "If-Match": '"other"' } });
  expect(events).toMatchObject([
    { event: "request_refused", link: "l", status: 413, failure: { code: "too_large" } },
    { event: "request_refused", status: 416, failure: { code: "range_not_satisfiable" } },
    { event: "request_refused", status: 412, failure: { code: "precondition_failed" } },
  ]);
});

test("the message of an unexpected error is neither shown nor logged", async () => {
  const memory = createMemorySource(objects);
  const error = new TypeError("cannot read private/a.txt of /srv/secret");
  const { get, events } = handlerOf(failing(memory, "private/a.txt", 0, error));
  const response = await get({ prefix: "private/" });
  expect(response.status).toBe(500);
  expect(await response.json()).toEqual({
    type: "about:blank",
    title: "Internal Server Error",
    status: 500,
    detail: "Something went wrong on our side.",
    code: "internal",
  });
  const logged = JSON.stringify(events);
  expect(logged).not.toMatch(/private|secret|cannot read/);
  expect(events).toMatchObject([{ failure: { code: "internal", causes: ["TypeError"] } }]);
  expect(logged).toContain("handler.test.ts"); // where it was thrown
});

test("a wrong checksum in the link fails the download", async () => {
  const { get, events } = handlerOf(createMemorySource(objects));
  const wrong = crc32(objects["private/b.bin"]) ^ 1;
  const zip = { entries: [{ key: "private/b.bin", crc32: wrong }] };
  const response = await get(zip);
  expect(response.status).toBe(200);
  await expect(response.arrayBuffer()).rejects.toThrow();
  expect(events.at(-1)).toMatchObject({ outcome: "failed", failure: { code: "corrupt" } });
});

test("a checksum that contradicts the store's is refused at once", async () => {
  const source = createMemorySource();
  source.put("a", { bytes: Buffer.from("text"), crc32: crc32(Buffer.from("text")) });
  const { get } = handlerOf(source);
  expect((await get({ entries: [{ key: "a", crc32: 1 }] })).status).toBe(409);
});

test("a client that leaves during planning is not a failure of the service", async () => {
  const memory = createMemorySource(objects);
  const abort = new AbortController();
  const { get, events } = handlerOf({
    ...memory,
    async stat(key, signal) {
      abort.abort();
      return memory.stat(key, signal);
    },
  });
  await get({ entries: [{ key: "private/a.txt" }] }, { signal: abort.signal });
  expect(events).toMatchObject([{ event: "request_refused", failure: { code: "aborted" } }]);
});

describe("a deadline of the platform is not reported as a client that leaves", () => {
  const deadline = new ZiplinkError("timeout", "The time is up.");

  test("during planning", async () => {
    const memory = createMemorySource(objects);
    const abort = new AbortController();
    const { get, events } = handlerOf({
      ...memory,
      async stat(key, signal) {
        abort.abort(deadline);
        return memory.stat(key, signal);
      },
    });
    const zip = { entries: [{ key: "private/a.txt" }] };
    expect((await get(zip, { signal: abort.signal })).status).toBe(504);
    expect(events).toMatchObject([
      { event: "request_refused", status: 504, failure: { code: "timeout" } },
    ]);
  });

  test("during the download, and the plan stays cached", async () => {
    const source = counting(createMemorySource(objects));
    const abort = new AbortController();
    const { send, sign, events } = handlerOf(source, { cacheSeconds: 60 });
    const token = await sign({ entries: [{ key: "private/b.bin" }] });
    const { body } = await send(token, { signal: abort.signal });
    const reader = body?.getReader();
    await reader?.read();
    abort.abort(deadline);
    await reader?.cancel();
    expect(events.at(-1)).toMatchObject({
      event: "download_ended",
      outcome: "failed",
      failure: { code: "timeout", causes: [] },
    });
    await send(token, { method: "HEAD" });
    expect(source.counts.stats).toBe(1);
  });
});

test.each(["HEAD", "GET"])("%s opens no object if none is needed", async (method) => {
  const source = counting(createMemorySource(objects));
  const { get } = handlerOf(source);
  const response = await get({ prefix: "private/" }, { method }, "?format=json");
  expect(response.status).toBe(200);
  const head = await get({ prefix: "private/" }, { method: "HEAD" });
  expect(head.status).toBe(200);
  const same = await get(
    { prefix: "private/" },
    { method, headers: { "If-None-Match": head.headers.get("etag") ?? "" } },
  );
  expect(same.status).toBe(304);
  expect(source.counts.opened).toEqual([]);
});

test("the entries of a prefix are named by the part of the key after its last slash, folders included", async () => {
  const source = createMemorySource({
    "t/photos/": "",
    "t/photos/2024-a.jpg": "a",
    "t/photos/2024-b/": "",
    "t/photos/2024-b/c.jpg": "c",
    "t/photos/full/": "not empty",
    "t/photos/..": "dots",
  });
  const names = async (prefix: string) => {
    const response = await handlerOf(source).get({ prefix }, {}, "?format=json");
    const { entries } = (await response.json()) as { entries: { name: string }[] };
    return entries.map(({ name }) => name);
  };
  expect(await names("t/photos/")).toEqual(["_", "2024-a.jpg", "2024-b/", "2024-b/c.jpg", "full"]);
  expect(await names("t/photos/2024")).toEqual(["2024-a.jpg", "2024-b/", "2024-b/c.jpg"]);
  expect(await names("t/pho")).toContain("photos/2024-a.jpg");
});

test("a presenter gets the archive as data, or the problem", async () => {
  const modified = new Date("2024-05-06T07:08:09Z");
  const source = createMemorySource({ "a/one.txt": { bytes: Buffer.from("one"), modified } });
  const options = handlerOptions(source);
  const seen: unknown[] = [];
  const present = createLinkPresenter(options);
  const presenter: Presenter = {
    description: {
      name: "test",
      headers: { "Content-Type": "text/x-test" },
      render(archive) {
        seen.push(archive);
        return "described";
      },
    },
    problem: ({ status, code }) => new Response(code, { status }),
  };
  const ask = (token: string) => present(new Request("http://localhost/x"), token, presenter);
  const expires = new Date("2099-01-01T00:00:00Z");
  const token = await signLink({ prefix: "a/", name: "All" }, { secret: linkSecret, expires });
  expect(await (await ask(token)).text()).toBe("described");
  const { etag, length } = layoutZip(await planArchive({ prefix: "a/" }, source));
  expect(seen).toEqual([
    {
      ...{ filename: "All.zip", title: undefined, issuer: undefined, compression: "store" },
      ...{ length, etag, slice: null, expires },
      entries: [{ name: "one.txt", size: 3, modified }],
    },
  ]);
  const refused = await ask("nonsense");
  expect([refused.status, await refused.text()]).toEqual([401, "unauthorized"]);
});

describe("a description", () => {
  const objects = { "a/1": "1", "a/2": "22" };

  /** Presents links to `objects`, in a form that shows the sizes; counts how often it is rendered. */
  function presented() {
    const source = createMemorySource(objects);
    const present = createLinkPresenter({ ...handlerOptions(source), cacheSeconds: 60 });
    const render = vi.fn(({ title, entries }: ArchiveDescription) =>
      [title, ...entries.map(({ size }) => size)].join(" "),
    );
    const description = {
      name: "test",
      headers: { "X-Form": "test", Vary: "Accept-Language" },
      render,
    };
    const presenter: Presenter = { description, problem: ({ code }) => new Response(code) };
    const expires = new Date(Date.now() + 60_000);
    const link = (title: string) =>
      signLink({ prefix: "a/" }, { secret: linkSecret, expires, title });
    const ask = (token: string, init: RequestInit = {}) =>
      present(new Request("http://localhost/x", init), token, presenter);
    return { link, ask, render };
  }

  test("is rendered once for all requests of a link, and once for each coding", async () => {
    const { link, ask, render } = presented();
    const token = await link("T");
    const together = await Promise.all(Array.from({ length: 20 }, () => ask(token)));
    const texts = await Promise.all([...together, await ask(token)].map((one) => one.text()));
    expect(texts).toEqual(Array(21).fill("T 1 2"));
    expect(render).toHaveBeenCalledTimes(1);
    const { headers } = await ask(token, { headers: { "Accept-Encoding": "gzip" } });
    expect(headers.get("Content-Encoding")).toBe("gzip");
    expect(headers.get("Vary")).toBe("Accept-Language, Accept-Encoding");
    expect(render).toHaveBeenCalledTimes(2);
  });

  test("is rendered for each link, as links differ in more than their archive", async () => {
    const { link, ask } = presented();
    expect(await (await ask(await link("T"))).text()).toBe("T 1 2");
    expect(await (await ask(await link("U"))).text()).toBe("U 1 2");
  });

  test("is not rendered for HEAD", async () => {
    const { link, ask, render } = presented();
    const response = await ask(await link("T"), { method: "HEAD" });
    expect([response.headers.get("x-form"), await response.text()]).toEqual(["test", ""]);
    expect(render).not.toHaveBeenCalled();
  });
});
