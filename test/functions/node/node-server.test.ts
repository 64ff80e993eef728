import { once } from "node:events";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import type { App } from "../../../functions/index.ts";
import { createNodeServer } from "../../../functions/node/node-server.ts";

/** Serves `app` until the test is over; returns the port. */
async function served(app: App, keepAliveSeconds?: number): Promise<number> {
  const options = keepAliveSeconds === undefined ? {} : { keepAliveSeconds };
  const { server, shutDown } = createNodeServer(app, {
    http2: false,
    onError: () => undefined,
    ...options,
  });
  onTestFinished(shutDown);
  await once(server.listen(0, "127.0.0.1"), "listening");
  return (server.address() as AddressInfo).port;
}

/** Sends a request as it is. Returns what came back, and whether the connection was reset. */
async function exchange(port: number, request: string) {
  const socket = connect(port, "127.0.0.1");
  let text = "";
  let isReset = false;
  socket.on("data", (bytes) => {
    text += bytes;
  });
  socket.on("error", (error: NodeJS.ErrnoException) => {
    isReset = error.code === "ECONNRESET";
  });
  socket.write(request);
  await new Promise((closed) => socket.once("close", closed));
  return { text, isReset };
}

/** A body of one chunk, after which it fails. */
function cutBody(headers: Record<string, string> = {}): App {
  return async () => {
    let pulls = 0;
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (pulls++ > 0) throw new Error("the source broke");
          controller.enqueue(Buffer.from("first"));
        },
      },
      { highWaterMark: 0 },
    );
    return new Response(body, { headers });
  };
}

describe("a body that fails midway", () => {
  test("is reset where only the end of the connection ends it", async () => {
    const port = await served(cutBody());
    const { text, isReset } = await exchange(port, "GET / HTTP/1.0\r\nHost: a\r\n\r\n");
    expect(text).toContain("first");
    expect(text.toLowerCase()).not.toContain("transfer-encoding");
    expect(isReset).toBe(true);
  });

  test.each([
    ["its length", "HTTP/1.0", { "Content-Length": "100" }],
    ["its length", "HTTP/1.1", { "Content-Length": "100" }],
    ["its chunks", "HTTP/1.1", {}],
  ] as const)("is closed where %s tells: %s", async (_, version, headers) => {
    const port = await served(cutBody(headers));
    const { text, isReset } = await exchange(
      port,
      `GET / ${version}\r\nHost: a\r\nConnection: close\r\n\r\n`,
    );
    expect(text).toContain("first");
    expect(text).not.toMatch(/\r\n0\r\n\r\n$/);
    expect(isReset).toBe(false);
  });
});

test.each([
  [undefined, 65],
  [620, 620],
])("idle connections are kept as long as set: %s", async (set, seconds) => {
  const port = await served(async () => new Response("ok"), set);
  const response = await fetch(`http://127.0.0.1:${port}/`);
  expect(response.headers.get("keep-alive")).toBe(`timeout=${seconds}`);
});

test("a URL that is too long is refused in words, which name manifests", async () => {
  const port = await served(async () => new Response("ok"));
  const { text } = await exchange(
    port,
    `GET /zip/${"a".repeat(20_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
  );
  expect(text).toMatch(/^HTTP\/1.1 431 /);
  expect(text).toContain("MANIFEST_STORE");
  expect(text).not.toContain("aaaa");
});

test("what is no HTTP is refused in words", async () => {
  const port = await served(async () => new Response("ok"));
  const { text } = await exchange(port, "secret nonsense\r\n\r\n");
  expect(text).toMatch(/^HTTP\/1.1 400 /);
  expect(text).toContain("application/problem+json");
  expect(text).not.toContain("secret");
});
