import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { chooseCoding } from "../../../core/http/content-coding.ts";
import { TextCache } from "../../../core/http/text-cache.ts";

test.each([
  [null, "identity"],
  ["", "identity"],
  ["gzip, deflate, br, zstd", "br"],
  ["gzip, deflate", "gzip"],
  ["br;q=0.2, gzip;q=0.8", "gzip"],
  ["br;q=0, gzip;q=0", "identity"],
  ["*", "br"],
  ["br;q=0, *;q=0.1", "gzip"],
  ["identity, br;q=0.5", "identity"],
  ["identity;q=0, zstd", "identity"],
])("Accept-Encoding %j gets %s", (header, coding) => {
  expect(chooseCoding(header)).toBe(coding);
});

describe("a text", () => {
  const long = "<li>one</li>".repeat(10_000);

  /** Counts how often a text is rendered. */
  function setUp(seconds: number) {
    const cache = new TextCache(seconds);
    let rendered = 0;
    const ask = (acceptEncoding: string, key: readonly string[] = ["k"], text = long) =>
      cache.respond(new Request("http://x/", { headers: { "Accept-Encoding": acceptEncoding } }), {
        key,
        render: () => {
          rendered++;
          return text;
        },
        headers: { "Content-Type": "text/html", Vary: "Accept-Language" },
      });
    return { ask, rendered: () => rendered };
  }

  test("is sent in each coding, which its headers name", async () => {
    const { ask } = setUp(0);
    const [br, gzip, identity] = await Promise.all([ask("br"), ask("gzip"), ask("")]);
    const bytes = async (response: Response) => new Uint8Array(await response.arrayBuffer());
    expect(brotliDecompressSync(await bytes(br)).toString()).toBe(long);
    expect(gunzipSync(await bytes(gzip)).toString()).toBe(long);
    expect(await identity.text()).toBe(long);
    const codings = [br, gzip, identity].map(({ headers }) => headers.get("Content-Encoding"));
    expect(codings).toEqual(["br", "gzip", null]);
    for (const { headers } of [br, gzip, identity]) {
      expect(headers.get("Vary")).toBe("Accept-Language, Accept-Encoding");
    }
  });

  test("is rendered once for all requests, at once or one after the other", async () => {
    const { ask, rendered } = setUp(60);
    await Promise.all([ask("br"), ask("br"), ask("br")]);
    expect(await (await ask("br")).arrayBuffer()).toEqual(await (await ask("br")).arrayBuffer());
    expect(rendered()).toBe(1);
    await ask("gzip");
    await ask("br", ["another"]);
    expect(rendered()).toBe(3);
  });

  test("is rendered again if nothing is to be kept, or if it is longer than the cache", async () => {
    const none = setUp(0);
    await none.ask("br");
    await none.ask("br");
    expect(none.rendered()).toBe(2);
    const small = setUp(60);
    const huge = "x".repeat(17 * 1024 * 1024);
    await small.ask("", ["huge"], huge);
    await small.ask("", ["huge"], huge);
    expect(small.rendered()).toBe(2);
  });

  test("that cannot be rendered is tried anew", async () => {
    const cache = new TextCache(60);
    const request = new Request("http://x/");
    const headers = {};
    const fails = () => Promise.reject(new Error("defect"));
    const failing = cache.respond(request, { key: ["k"], render: fails, headers });
    await expect(failing).rejects.toThrow("defect");
    const good = await cache.respond(request, { key: ["k"], render: () => "good", headers });
    expect(await good.text()).toBe("good");
  });
});
