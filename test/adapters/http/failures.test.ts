import { once } from "node:events";
import type { IncomingMessage } from "node:http";
import { Agent, errors, Pool } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { createHttpSource } from "../../../adapters/http/source.ts";
import type { ByteRange } from "../../../core/blob-source.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { startFaultProxy } from "../../support/fault-proxy.ts";
import { seededFaults } from "../../support/faults.ts";
import {
  answering,
  bytes,
  type Changes,
  codeOf,
  errorOf,
  expectStillReads,
  object,
  outcomeOf,
  part,
  startSource,
  startStub,
} from "../../support/http-stub.ts";

describe("http source, status", () => {
  const inOneMinute = {
    date: "Thu, 29 Feb 2024 12:34:57 GMT",
    "retry-after": "Thu, 29 Feb 2024 12:35:57 GMT",
  };
  test.each<[number, string, Changes?, number?]>([
    [204, "corrupt"],
    [304, "corrupt"],
    [400, "corrupt"],
    [401, "denied"],
    [403, "denied"],
    [404, "not_found"],
    [405, "corrupt"],
    [408, "timeout"],
    [410, "not_found"],
    [412, "changed"],
    [414, "not_found"],
    [416, "changed"],
    [429, "throttled"],
    [429, "throttled", { "retry-after": "7" }, 7_000],
    [429, "throttled", inOneMinute, 60_000],
    [429, "throttled", { "retry-after": "Thu, 29 Feb 2024 12:35:57 GMT" }, 0],
    [500, "unavailable"],
    [502, "unavailable"],
    [503, "unavailable"],
    [503, "unavailable", { "retry-after": "soon" }],
    [503, "throttled", { "retry-after": "0" }, 0],
    [503, "throttled", inOneMinute, 60_000],
    [504, "timeout"],
    [507, "unavailable"],
  ])("%i is %s %j", async (status, code, headers = {}, retryAfterMs = undefined) => {
    const body = status === 204 || status === 304 ? Buffer.alloc(0) : bytes;
    const length = body.length === 0 ? undefined : body.length;
    const started = await startSource(
      answering({ status, headers: { ...headers, "content-length": length }, body }),
    );
    for (const ask of [() => started.source.stat("a"), () => started.source.open(object, part)]) {
      const error = await errorOf(ask());
      expect(error).toBeInstanceOf(ZiplinkError);
      expect(error).toMatchObject({ code, retryAfterMs });
      expect(String(error)).not.toContain("/a");
    }
    await expectStillReads(started);
  });
});

describe("http source", () => {
  test("times out without an answer", async () => {
    const started = await startSource(() => undefined, { timeoutMs: 20 });
    expect(await outcomeOf(started.source, object, part)).toBe("timeout");
    await expectStillReads(started);
  });

  test("ignores a few interim answers, but not an endless number of them", async () => {
    const hints = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n";
    const right = answering();
    const started = await startSource((request, response) => {
      request.socket.write(hints.repeat(3));
      right(request, response);
    });
    expect(await outcomeOf(started.source, object, part)).toBe("ok");

    started.stub.answer = ({ socket }) => {
      const send = (error?: Error | null) => {
        if (!error) socket.write(hints, send);
      };
      send();
    };
    for (const ask of [() => started.source.stat("a"), () => started.source.open(object, part)]) {
      expect(await codeOf(ask())).toBe("corrupt");
    }
    await expectStillReads(started);
  });

  test("times out if only an interim answer comes", async () => {
    const started = await startSource(
      ({ socket }) => socket.write("HTTP/1.1 103 Early Hints\r\n\r\n"),
      {
        timeoutMs: 20,
      },
    );
    expect(await outcomeOf(started.source, object, part)).toBe("timeout");
    await expectStillReads(started);
  });

  test("is unavailable if the connection is closed", async () => {
    const started = await startSource((request) => request.socket.destroy());
    expect(await codeOf(started.source.stat("a"))).toBe("unavailable");
    expect(await outcomeOf(started.source, object, part)).toBe("unavailable");
    await expectStillReads(started);
  });

  test("is unavailable if the answer is not HTTP", async () => {
    const started = await startSource((request) => request.socket.end("SSH-2.0-OpenSSH_9.2\r\n"));
    expect(await codeOf(started.source.stat("a"))).toBe("unavailable");
    await expectStillReads(started);
  });

  test.each([
    [new errors.ConnectTimeoutError(), "timeout"],
    [Object.assign(new Error("refused"), { code: "ECONNREFUSED" }), "unavailable"],
    [Object.assign(new Error("no such host"), { code: "ENOTFOUND" }), "unavailable"],
    [Object.assign(new Error("bad"), { code: "CERT_HAS_EXPIRED" }), "unavailable"],
  ])("fails if connecting fails: %s", async (error, code) => {
    const dispatcher = new Agent({ connect: (_, callback) => callback(error, null) });
    onTestFinished(() => dispatcher.destroy());
    const source = createHttpSource({ base: "http://host.invalid/", dispatcher });
    expect(await errorOf(source.stat("a"))).toMatchObject({ code, cause: error });
  });

  test("ends a request when its reader leaves", async () => {
    const { promise: asked, resolve } = Promise.withResolvers<IncomingMessage>();
    const started = await startSource(resolve);
    const abort = new AbortController();
    const opening = errorOf(started.source.open(object, part, abort.signal));
    const closed = once((await asked).socket, "close");
    abort.abort("left");
    expect(await opening).toBe("left");
    await closed;
    await expectStillReads(started);
  });

  test("ends connecting when its reader leaves", async () => {
    const { promise: connecting, resolve } = Promise.withResolvers<void>();
    const dispatcher = new Agent({ connect: () => resolve() });
    const source = createHttpSource({ base: "http://host.invalid/", dispatcher });
    const abort = new AbortController();
    const asking = errorOf(source.stat("a", abort.signal));
    await connecting;
    abort.abort("left");
    expect(await asking).toBe("left");
  });
});

describe("http source, a faulty store:", () => {
  test.each([1, 2, 3, 4])("the right bytes or an honest failure, for seed %i", async (seed) => {
    const stub = await startStub(answering());
    const proxy = await startFaultProxy(stub.origin);
    onTestFinished(() => proxy.close());
    proxy.fault = seededFaults(seed, 0.8);
    const dispatcher = new Pool(proxy.url, { connections: 2 });
    onTestFinished(() => dispatcher.destroy());
    const source = createHttpSource({ base: `${proxy.url}/base/`, dispatcher });
    const outcomes = new Set<string>();
    const readUntilItComes = async (range: ByteRange) => {
      for (;;) {
        const outcome = await outcomeOf(source, object, range);
        outcomes.add(outcome);
        if (outcome === "ok") return;
      }
    };
    const starts = Array.from({ length: 50 }, (_, i) => i);
    await Promise.all(starts.map((start) => readUntilItComes({ start, end: start + 50 })));
    expect(["ok", "throttled", "timeout", "unavailable"]).toEqual(
      expect.arrayContaining([...outcomes]),
    );
    const { drop, close, reset, short, wrongRange } = proxy.applied;
    for (const count of [drop, close, reset, short, wrongRange]) expect(count).toBeGreaterThan(0);
    await proxy.idle();
    expect(proxy.openConnections()).toBeLessThanOrEqual(2);
  });
});
