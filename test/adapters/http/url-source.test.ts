import type { createServer } from "node:http";
import { describe, expect, onTestFinished, test } from "vitest";
import { createUrlHosts, isPublicAddress } from "../../../adapters/http/url-hosts.ts";
import { createUrlSource } from "../../../adapters/http/url-source.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { serveBytes, startOrigin } from "../../support/delivery-service.ts";
import { codeOf } from "../../support/error-codes.ts";

const bytes = patterned(100_000);

async function sourceOf(answer: Parameters<typeof createServer>[1] & {}) {
  const origin = await startOrigin(answer);
  const hosts = createUrlHosts([origin.url]);
  onTestFinished(() => hosts.close());
  return { origin, source: createUrlSource({ hosts }), url: `${origin.url}/a?signature=s` };
}

describe("which URLs are fetched", () => {
  const hosts = createUrlHosts(["example.com", "*.example.org", "http://127.0.0.1:9000"]);

  test.each(["https://example.com/x", "https://a.b.example.org/x?y", "http://127.0.0.1:9000/x"])(
    "%s is",
    (url) => {
      expect(hosts.agentFor(url).url.href).toBe(url);
    },
  );

  test.each([
    "http://example.com/x", // not encrypted
    "https://example.com:8443/x",
    "https://user:password@example.com/x",
    "https://example.org/x", // the suffix itself is no name below it
    "https://badexample.org/x",
    "https://example.com.evil.test/x",
    "http://127.0.0.1:9001/x",
    "https://127.0.0.1:9000/x",
    "http://localhost:9000/x",
    "ftp://example.com/x",
    "file:///etc/passwd",
    "https://[::1]/x",
    "nonsense",
  ])("%s is not", (url) => {
    expect(() => hosts.agentFor(url)).toThrow(/url: /);
  });

  test.each([
    ["93.184.216.34", true],
    ["2606:2800:220:1:248:1893:25c8:1946", true],
    ["0.0.0.0", false],
    ["10.1.2.3", false],
    ["100.64.0.1", false],
    ["127.0.0.1", false],
    ["169.254.169.254", false],
    ["172.31.255.255", false],
    ["192.168.1.1", false],
    ["198.18.0.1", false],
    ["224.0.0.1", false],
    ["255.255.255.255", false],
    ["::", false],
    ["::1", false],
    ["::ffff:10.0.0.1", false],
    ["::ffff:93.184.216.34", false],
    ["64:ff9b::a00:1", false],
    ["fd00:ec2::254", false],
    ["fe80::1", false],
    ["2002:0a00:0001::", false],
    ["2001:db8::1", false],
    ["no address", false],
  ])("the address %s is public: %s", (address, expected) => {
    expect(isPublicAddress(address)).toBe(expected);
  });

  test("a name that leads to this machine is not connected to", async () => {
    const { origin } = await sourceOf(serveBytes(bytes));
    const listed = createUrlHosts(["localhost"]);
    onTestFinished(() => listed.close());
    const source = createUrlSource({ hosts: listed });
    expect(await codeOf(source.stat("https://localhost/a"))).toBe("denied");
    expect(origin.connections()).toBe(0);
  });

  test("an address that is listed by name is not fetched if it is not public", () => {
    const listed = createUrlHosts(["169.254.169.254", "127.0.0.1"]);
    expect(() => listed.agentFor("https://169.254.169.254/latest/meta-data")).toThrow(/url: /);
  });
});

describe("a file by its URL", () => {
  test("is described by HEAD and read in ranges of one version", async () => {
    const { source, url } = await sourceOf(serveBytes(bytes));
    const blob = await source.stat(url);
    expect(blob).toMatchObject({ key: url, size: bytes.length, version: '"v1"' });
    const part = await collect(await source.open(blob, { start: 5, end: 60_000 }));
    expect(part.equals(bytes.subarray(5, 60_000))).toBe(true);
    const changed = { ...blob, version: '"v0"' };
    expect(await codeOf(source.open(changed, { start: 0, end: 5 }))).toBe("changed");
  });

  test("is described by its first byte where HEAD is refused, as by a presigned URL", async () => {
    const serve = serveBytes(bytes);
    const { source, url } = await sourceOf((request, response) => {
      if (request.method === "HEAD") response.writeHead(403).end();
      else serve(request, response);
    });
    expect(await source.stat(url)).toMatchObject({ size: bytes.length, version: '"v1"' });
  });

  test("of unknown length is read from its start", async () => {
    const { source, url } = await sourceOf((request, response) => {
      response.writeHead(200, { "transfer-encoding": "chunked" });
      response.end(request.method === "HEAD" ? undefined : bytes);
    });
    expect(await source.describe(url)).toBeUndefined();
    expect(await codeOf(source.stat(url))).toBe("corrupt");
    expect((await collect(await source.openUnsized(url))).equals(bytes)).toBe(true);
  });

  test("is not looked for where a redirect leads", async () => {
    const { source, url, origin } = await sourceOf((_, response) => {
      response.writeHead(302, { location: "http://169.254.169.254/" }).end();
    });
    expect(await codeOf(source.stat(url))).toBe("denied");
    expect(origin.requests.length).toBeGreaterThan(0);
  });

  test("has no listing", async () => {
    const { source } = await sourceOf(serveBytes(bytes));
    const next = source.list("")[Symbol.asyncIterator]().next();
    expect(await codeOf(next)).toBe("malformed");
  });
});
