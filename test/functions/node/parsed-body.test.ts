import { once } from "node:events";
import { describe, expect, test } from "vitest";
import type { App } from "../../../functions/index.ts";
import { download } from "../../support/download.ts";
import { captureLog } from "../../support/examples.ts";
import { served } from "../../support/node-apps.ts";

describe("a body that a framework has read before", () => {
  /** Returns the body that an app reads from a request that was parsed into `parsed`, and its headers. */
  async function readAfter(parsed: unknown, headers: Record<string, string>, isAll = true) {
    const seen: Record<string, string>[] = [];
    const app: App = async (request) => {
      seen.push(Object.fromEntries(request.headers));
      return new Response(await request.text());
    };
    const url = await served(app, { logger: captureLog().logger }, async (incoming) => {
      if (isAll) for await (const _ of incoming);
      else await once(incoming, "data");
      if (parsed !== undefined) Object.assign(incoming, { body: parsed });
    });
    const options = { method: "POST", headers, body: Buffer.alloc(100_000, 32) };
    return { ...(await download(url, options)), seen: seen[0] };
  }
  const json = { "content-type": "application/json; charset=utf-8" };

  test.each<[what: string, parsed: unknown, headers: Record<string, string>, expected: string]>([
    ["JSON", { a: [1, "ü"] }, json, '{"a":[1,"ü"]}'],
    ["JSON null", null, json, "null"],
    ["JSON of a subtype", [1], { "content-type": "application/merge-patch+json" }, "[1]"],
    ["text", '{"a": 1}', json, '{"a": 1}'],
    ["bytes", Buffer.from("bytes"), { "content-type": "application/octet-stream" }, "bytes"],
  ])("%s is read again", async (_, parsed, headers, expected) => {
    const encoded = { ...headers, "content-encoding": "identity" };
    const { status, bytes, seen } = await readAfter(parsed, encoded);
    expect([status, bytes.toString()]).toEqual([200, expected]);
    expect(seen).toMatchObject({ ...headers, "content-length": String(bytes.length) });
    expect(seen).not.toHaveProperty("content-encoding");
  });

  test.each<[what: string, parsed: unknown, headers: Record<string, string>, isAll: boolean]>([
    ["nothing", undefined, json, true],
    ["nothing, from a part of it,", undefined, json, false],
    ["an object that is no JSON", { a: "1" }, { "content-type": "text/csv" }, true],
  ])("%s is an error that says what to change", async (_, parsed, headers, isAll) => {
    const { status, bytes } = await readAfter(parsed, headers, isAll);
    expect(status).toBe(500);
    expect(JSON.parse(bytes.toString()).detail).toMatch(/Mount Ziplink before the middleware/);
  });

  test("matters only where it is read", async () => {
    const url = await served(
      async () => new Response("unread"),
      {},
      async (incoming) => {
        for await (const _ of incoming);
      },
    );
    const { status, bytes } = await download(url, { method: "POST", body: "x" });
    expect([status, bytes.toString()]).toEqual([200, "unread"]);
  });

  test("may have been empty", async () => {
    const url = await served(
      async (request) => new Response(`[${await request.text()}]`),
      {},
      async (incoming) => {
        for await (const _ of incoming);
      },
    );
    expect((await download(url, { method: "POST" })).bytes.toString()).toBe("[]");
  });
});
