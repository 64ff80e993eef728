import { once } from "node:events";
import { connect as connectHttp2 } from "node:http2";
import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from "vitest";
import { BodyStream } from "../../../core/streaming/body-stream.ts";
import { createNodeServer } from "../../../functions/node/node-server.ts";
import type { Outgoing } from "../../../functions/node/response-sink.ts";
import { watchStalls } from "../../../functions/node/stalls.ts";

/** How to wait for what a busy machine may delay. */
const patient = { interval: 1, timeout: 30_000 };

describe("a client stalls", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  /** A watched response whose writes end when `done` is called, with a limit of 100 ms. */
  function watched(unsent?: () => number) {
    const dones: (() => void)[] = [];
    const closing: (() => void)[] = [];
    const outgoing: Outgoing = {
      write: (_, done) => dones.push(done),
      end: (done) => dones.push(done),
      once: (_, listener) => closing.push(listener),
    };
    const onStall = vi.fn();
    const options = { stallMs: 100, onStall, ...(unsent ? { unsent } : {}) };
    const sink = watchStalls(outgoing, options);
    return {
      sink,
      onStall,
      done: () => dones.shift()?.(),
      close() {
        for (const listener of closing) listener();
      },
    };
  }
  const chunk = Buffer.from("x");

  test("when a write takes the whole limit", () => {
    const { sink, onStall } = watched();
    sink.write(chunk, ignore);
    vi.advanceTimersByTime(99);
    expect(onStall).not.toHaveBeenCalled();
    vi.advanceTimersByTime(1);
    expect(onStall).toHaveBeenCalledOnce();
  });

  test("when the end takes the whole limit", () => {
    const { sink, onStall } = watched();
    sink.end(ignore);
    vi.advanceTimersByTime(100);
    expect(onStall).toHaveBeenCalledOnce();
  });

  test("not while there is nothing to take", () => {
    const { sink, onStall, done } = watched();
    sink.write(chunk, ignore);
    vi.advanceTimersByTime(99);
    done();
    vi.advanceTimersByTime(1000);
    sink.write(chunk, ignore);
    vi.advanceTimersByTime(99);
    expect(onStall).not.toHaveBeenCalled();
    expect(vi.getTimerCount()).toBe(1);
  });

  test("not while it takes a part of the chunk now and then", () => {
    let left = 1000;
    const { sink, onStall } = watched(() => left);
    sink.write(chunk, ignore);
    for (; left > 900; left--) vi.advanceTimersByTime(99);
    expect(onStall).not.toHaveBeenCalled();
    vi.advanceTimersByTime(125);
    expect(onStall).toHaveBeenCalledOnce();
  });

  test("not once the connection is closed", () => {
    const { sink, onStall, close } = watched();
    sink.write(chunk, ignore);
    close();
    vi.advanceTimersByTime(1000);
    expect(onStall).not.toHaveBeenCalled();
  });

  test("never without a limit", () => {
    const outgoing: Outgoing = { write: ignore, end: ignore, once: ignore };
    expect(watchStalls(outgoing, { stallMs: Infinity, onStall: ignore })).toBe(outgoing);
  });
});

describe("a client that reads nothing is broken off, and its body ends as stalled", () => {
  /** A server whose only answer is a body without an end, and how the bodies have ended. */
  async function serve(http2: boolean) {
    const ends: string[] = [];
    const app = async ({ signal }: Request) => {
      const body = new BodyStream(async function* () {
        for (;;) yield Buffer.alloc(1_000_000);
      }, signal);
      body.onEnd(({ outcome }) => ends.push(outcome));
      return new Response(body.readable, { headers: { "Content-Length": "1000000000000" } });
    };
    const { server } = createNodeServer(app, { http2, clientStallSeconds: 0.2 });
    onTestFinished(() => void server.close());
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("no port");
    return { port: address.port, ends };
  }

  test("over HTTP/1, by closing the connection", async () => {
    const { port, ends } = await serve(false);
    const client = connect(port, "127.0.0.1");
    client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.pause();
    await vi.waitUntil(() => ends.length === 1, patient);
    expect(ends).toEqual(["stalled"]);
    client.resume();
    // Closed, not reset: a browser that was paused resumes by itself.
    const [hadError] = await once(client, "close");
    expect(hadError).toBe(false);
  });

  test("over HTTP/2, by resetting the stream alone", async () => {
    const { port, ends } = await serve(true);
    const session = connectHttp2(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    const stream = session.request({ ":path": "/" });
    stream.on("error", ignore);
    await once(stream, "response");
    await vi.waitUntil(() => ends.length === 1, patient);
    expect(ends).toEqual(["stalled"]);
    stream.resume();
    await new Promise((resolve) => stream.once("close", resolve));
    expect([stream.rstCode, session.closed]).toEqual([2, false]);
  });

  test("over HTTP/1, also if its response waits behind another", async () => {
    const { port, ends } = await serve(false);
    const client = connect(port, "127.0.0.1");
    client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(2));
    client.pause();
    await vi.waitUntil(() => ends.length === 2, patient);
    expect(ends).toEqual(["stalled", "stalled"]);
    client.resume();
    await once(client, "close");
  });
});

const ignore = () => undefined;
