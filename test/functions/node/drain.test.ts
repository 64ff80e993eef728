import { once } from "node:events";
import { Agent, get, type IncomingMessage } from "node:http";
import { type ClientHttp2Session, connect as connectHttp2 } from "node:http2";
import { type AddressInfo, connect } from "node:net";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { BodyStream } from "../../../core/streaming/body-stream.ts";
import { createNodeServer } from "../../../functions/node/node-server.ts";

const ignore = () => undefined;
const patient = { interval: 1, timeout: 30_000 };

/** A server with a body at `/body`, which sends 1,000 bytes and ends when `finish` is called; else `late`. */
async function serve({ http2 = false, drainSeconds = 600 } = {}) {
  const finish = Promise.withResolvers<void>();
  const answer = Promise.withResolvers<void>();
  const ends: object[] = [];
  const asked: string[] = [];
  const app = async ({ url, signal }: Request) => {
    const { pathname } = new URL(url);
    asked.push(pathname);
    if (pathname === "/late") await answer.promise;
    if (pathname !== "/body") return new Response("small");
    const body = new BodyStream(async function* (ending) {
      yield Buffer.alloc(1000);
      const aborted = new Promise((resolve) => ending.addEventListener("abort", resolve));
      await Promise.race([finish.promise, aborted]);
      ending.throwIfAborted();
      yield Buffer.alloc(1000);
    }, signal);
    body.onEnd(({ outcome, error }) => ends.push({ outcome, error }));
    return new Response(body.readable, { headers: { "Content-Length": "2000" } });
  };
  const { server, shutDown } = createNodeServer(app, { http2, drainSeconds, onError: ignore });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const { port } = server.address() as AddressInfo;
  const stopped = vi.fn();
  return {
    port,
    ends,
    asked,
    finish: finish.resolve,
    answer: answer.resolve,
    stopped,
    stop: () => shutDown().then(stopped),
  };
}

const text = async (body: AsyncIterable<unknown>) => {
  const parts: Buffer[] = [];
  for await (const part of body) parts.push(Buffer.from(part as Uint8Array));
  return Buffer.concat(parts);
};

describe("a server that stops, over HTTP/1", () => {
  /** Asks on a connection that stays open, if the server lets it. */
  function client(port: number) {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    onTestFinished(() => agent.destroy());
    return async (path: string): Promise<IncomingMessage> => {
      const outgoing = get({ port, path, agent, host: "127.0.0.1" });
      outgoing.on("error", ignore);
      const [response] = await once(outgoing, "response");
      return response;
    };
  }

  test("accepts no connections, and closes idle ones at once", async () => {
    const { port, stop, stopped } = await serve();
    const idle = connect(port, "127.0.0.1");
    idle.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await once(idle, "data");
    const closed = once(idle, "close");
    const stopping = stop();
    await closed;
    await stopping;
    expect(stopped).toHaveBeenCalledOnce();
    const [error] = await once(connect(port, "127.0.0.1"), "error");
    expect(error).toMatchObject({ code: "ECONNREFUSED" });
  });

  test("lets a download end whole, and then closes its connection", async () => {
    const { port, stop, finish, ends, stopped } = await serve();
    const response = await client(port)("/body");
    expect(response.headers.connection).toBe("keep-alive");
    const stopping = stop();
    expect(stopped).not.toHaveBeenCalled();
    finish();
    expect(await text(response)).toHaveLength(2000);
    await stopping;
    expect(ends).toEqual([{ outcome: "completed" }]);
  });

  test("says to clients that wait for an answer that their connection will close", async () => {
    const { port, stop, asked, answer } = await serve();
    const waiting = client(port)("/late");
    await vi.waitUntil(() => asked.length === 1, patient);
    const stopping = stop();
    answer();
    const { headers } = await waiting;
    expect(headers.connection).toBe("close");
    await stopping;
  });

  test("answers what comes on a busy connection, and closes it after that", async () => {
    const { port, stop, asked, answer } = await serve();
    const busy = connect(port, "127.0.0.1");
    busy.write("GET /late HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await vi.waitUntil(() => asked.length === 1, patient);
    const stopping = stop();
    const all = text(busy);
    answer();
    expect((await all).toString()).toMatch(/^HTTP\/1\.1 200 OK\r\nconnection: close\r\n.*small/is);
    await stopping;
  });

  test("breaks off what is not done in time, as failed, short of its length", async () => {
    const { port, stop, ends } = await serve({ drainSeconds: 0 });
    const response = await client(port)("/body");
    const failing = expect(text(response)).rejects.toMatchObject({ code: "ECONNRESET" });
    await stop();
    await failing;
    expect(response.complete).toBe(false);
    expect(ends).toMatchObject([{ outcome: "failed", error: { code: "stopping" } }]);
  });

  test("does not wait for clients that never send their request", async () => {
    const { port, stop } = await serve({ drainSeconds: 0 });
    const slow = connect(port, "127.0.0.1");
    await once(slow, "connect");
    slow.write("GET / HTTP/1.1\r\nHo");
    const closed = once(slow.on("error", ignore), "close");
    await stop();
    await closed;
  });
});

describe("a server that stops, over HTTP/2", () => {
  const open = (port: number): ClientHttp2Session => {
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    return session.on("error", ignore);
  };

  test("closes idle connections at once, and others after their last stream", async () => {
    const { port, stop, finish, ends } = await serve({ http2: true });
    const [idle, busy] = [open(port), open(port)];
    const stream = busy.request({ ":path": "/body" });
    await Promise.all([once(idle, "connect"), once(stream, "response")]);
    const closed = once(idle, "close");
    const stopping = stop();
    await closed;
    expect(busy.destroyed).toBe(false);
    finish();
    expect(await text(stream)).toHaveLength(2000);
    await stopping;
    expect(ends).toEqual([{ outcome: "completed" }]);
  });

  test("resets what is not done in time", async () => {
    const { port, stop, ends } = await serve({ http2: true, drainSeconds: 0 });
    const stream = open(port).request({ ":path": "/body" });
    await once(stream, "response");
    const failing = expect(text(stream)).rejects.toThrow(/NGHTTP2_INTERNAL_ERROR/);
    await stop();
    await failing;
    expect(ends).toMatchObject([{ outcome: "failed", error: { code: "stopping" } }]);
  });
});
