import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { Pool } from "undici";
import { describe, expect, onTestFinished, test } from "vitest";
import { patterned } from "../support/bytes.ts";
import { open, readToEnd } from "../support/download.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { type Fault, type ProxiedRequest, seededFaults } from "../support/faults.ts";

const bytes = patterned(100_000);

/**
 * Starts a store of one object, `bytes`, of which it sends ranges. It answers a PUT with its body.
 */
async function startStore() {
  const requests: IncomingMessage[] = [];
  const answer: RequestListener = (request, response) => {
    response.sendDate = false;
    requests.push(request);
    if (request.method === "PUT") {
      request.pipe(response);
      return;
    }
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
    const [start, end] = first === undefined ? [0, bytes.length] : [+first, Number(last) + 1];
    response.writeHead(first === undefined ? 200 : 206, {
      "X-Odd-Case": "as it is",
      "Content-Length": end - start,
      ...(first === undefined ? {} : { "Content-Range": `bytes ${start}-${end - 1}/100000` }),
    });
    response.end(request.method === "HEAD" ? undefined : bytes.subarray(start, end));
  };
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** Starts a store, a proxy in front of it, and a client with one connection to the proxy. */
async function start() {
  const store = await startStore();
  const proxy = await startFaultProxy(store.url);
  const client = new Pool(proxy.url, { connections: 1 });
  onTestFinished(async () => {
    await client.destroy();
    await proxy.close();
  });
  return { store, proxy, client };
}

/** The part of an answer that arrived. */
interface Outcome {
  /** 0 if there was no answer. */
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly parts: readonly Buffer[];
  readonly read: Buffer;
  /** The code of the error that ended it early. */
  readonly error: string | undefined;
}

async function get(client: Pool, range?: string, signal?: AbortSignal): Promise<Outcome> {
  let status = 0;
  let headers: Outcome["headers"] = {};
  let error: string | undefined;
  const parts: Buffer[] = [];
  try {
    const answer = await client.request({
      path: "/a",
      method: "GET",
      headers: range === undefined ? {} : { range },
      signal: signal ?? null,
    });
    ({ statusCode: status, headers } = answer);
    for await (const part of answer.body) parts.push(part as Buffer);
  } catch (reason) {
    error = (reason as NodeJS.ErrnoException).code ?? String(reason);
  }
  return { status, headers, parts, read: Buffer.concat(parts), error };
}

/** Injects `fault` into the next answer, and passes on the answers after it unchanged. */
function injectOnce(proxy: FaultProxy, fault: Fault): void {
  proxy.fault = () => {
    proxy.fault = () => undefined;
    return fault;
  };
}

describe("fault proxy", () => {
  test("passes requests and answers on unchanged", async () => {
    const { store, proxy } = await start();
    const path = "/a%2Fb/%C3%BC+~'()?X-Amz-Signature=%2f&list-type=2&empty=";
    const headers = { Host: "bucket.example:9000", "X-MIXED-case": "a,  b", Range: "bytes=1-2" };
    const [direct, proxied] = [
      await open(`${store.url}${path}`, { headers }),
      await open(`${proxy.url}${path}`, { headers }),
    ];
    const [asked, askedThrough] = store.requests;
    expect(askedThrough?.url).toBe(path);
    expect(askedThrough?.rawHeaders).toEqual(asked?.rawHeaders);
    expect(askedThrough?.rawHeaders.slice(0, 6)).toEqual(Object.entries(headers).flat());
    expect(proxied.status).toBe(206);
    expect(proxied.body.rawHeaders).toEqual(direct.body.rawHeaders);
    expect(proxied.body.rawHeaders).toEqual(expect.arrayContaining(["X-Odd-Case", "as it is"]));
    expect((await readToEnd(proxied)).bytes).toEqual(bytes.subarray(1, 3));
    await readToEnd(direct);
  });

  test("passes bodies on, chunked or not", async () => {
    const { proxy, client } = await start();
    for (const body of [bytes, Readable.from([bytes.subarray(0, 7), bytes.subarray(7)])]) {
      const answer = await client.request({ path: "/echo", method: "PUT", body });
      expect(Buffer.from(await answer.body.arrayBuffer()).equals(bytes)).toBe(true);
    }
    await proxy.idle();
  });

  test("keeps connections alive, and none beyond those of its clients", async () => {
    const { store, proxy, client } = await start();
    for (let i = 0; i < 5; i++) {
      const { read, error } = await get(client, `bytes=${i}-99999`);
      expect(error).toBeUndefined();
      expect(read.equals(bytes.subarray(i))).toBe(true);
    }
    await proxy.idle();
    expect(proxy.openConnections()).toBe(1);
    expect(new Set(store.requests.map(({ socket }) => socket.remotePort)).size).toBe(1);
    expect(proxy.requestCount()).toBe(5);
    expect(Object.values(proxy.applied).every((count) => count === 0)).toBe(true);
  });

  test("reports each request, and when a fault takes effect", async () => {
    const { proxy, client } = await start();
    const asked: ProxiedRequest[] = [];
    const faults: unknown[] = [];
    proxy.fault = (request) => {
      asked.push(request);
      return request.index === 1 ? { kind: "drop" } : undefined;
    };
    proxy.onFault = (fault, { index }) => faults.push([fault.kind, index]);
    await get(client);
    await get(client, "bytes=1-2");
    expect(asked).toEqual([
      { index: 0, method: "GET", url: "/a", range: undefined },
      { index: 1, method: "GET", url: "/a", range: "bytes=1-2" },
    ]);
    expect(faults).toEqual([["drop", 1]]);
  });

  test("status: replaces the store's answer, the given number of times", async () => {
    const { store, proxy, client } = await start();
    injectOnce(proxy, { kind: "status", status: 503, retryAfter: 7, times: 2 });
    for (let i = 0; i < 2; i++) {
      const { status, headers } = await get(client, "bytes=0-9");
      expect(status).toBe(503);
      expect(headers["retry-after"]).toBe("7");
      // Other requests are not affected.
      expect((await get(client, "bytes=1-9")).status).toBe(206);
    }
    expect((await get(client, "bytes=0-9")).status).toBe(206);
    expect(proxy.applied.status).toBe(2);
    expect(store.requests).toHaveLength(3);
  });

  test("drop: no answer, and no request to the store", async () => {
    const { store, proxy, client } = await start();
    injectOnce(proxy, { kind: "drop" });
    expect(await get(client)).toMatchObject({ status: 0, error: "UND_ERR_SOCKET" });
    expect(proxy.applied.drop).toBe(1);
    expect(store.requests).toHaveLength(0);
    expect((await get(client)).read).toHaveLength(bytes.length);
  });

  test.each([0, 1, 50_000, 99_999])(
    "close: after %i bytes, all of which arrive",
    async (afterBytes) => {
      const { proxy, client } = await start();
      injectOnce(proxy, { kind: "close", afterBytes });
      const { read, error } = await get(client);
      expect(error).toBe("UND_ERR_SOCKET");
      expect(read.equals(bytes.subarray(0, afterBytes))).toBe(true);
      expect(proxy.applied.close).toBe(1);
      await proxy.idle();
    },
  );

  test.each([0, 1, 50_000, 99_999])("reset: after %i bytes, or fewer", async (afterBytes) => {
    const { proxy, client } = await start();
    injectOnce(proxy, { kind: "reset", afterBytes });
    const { read, error } = await get(client);
    expect(error).toBe("ECONNRESET");
    expect(read.length).toBeLessThanOrEqual(afterBytes);
    expect(read.equals(bytes.subarray(0, read.length))).toBe(true);
    expect(proxy.applied.reset).toBe(1);
    await proxy.idle();
  });

  test("stall: after some bytes, until the client disconnects", async () => {
    const { proxy, client } = await start();
    injectOnce(proxy, { kind: "stall", afterBytes: 1000 });
    const stalled = Promise.withResolvers<void>();
    proxy.onFault = () => stalled.resolve();
    const abort = new AbortController();
    const getting = get(client, undefined, abort.signal);
    await stalled.promise;
    expect(proxy.openRequests()).toBe(1);
    expect(proxy.applied.stall).toBe(1);
    expect(proxy.openConnections()).toBe(1);
    abort.abort(new Error("gave up"));
    expect((await getting).error).toBe("Error: gave up");
    await proxy.idle();
  });

  test("slow: everything arrives, in small packets", async () => {
    const { proxy, client } = await start();
    injectOnce(proxy, { kind: "slow", bytesPerChunk: 100 });
    const { read, error, parts } = await get(client, "bytes=0-9999");
    expect(error).toBeUndefined();
    expect(read.equals(bytes.subarray(0, 10_000))).toBe(true);
    expect(parts.length).toBeGreaterThan(10);
    expect(proxy.applied.slow).toBe(1);
  });

  test("short: a shorter body that matches its headers", async () => {
    const { proxy, client } = await start();
    injectOnce(proxy, { kind: "short", missingBytes: 3 });
    const part = await get(client, "bytes=10-19");
    expect(part).toMatchObject({ status: 206, error: undefined });
    expect(part.headers).toMatchObject({
      "content-length": "7",
      "content-range": "bytes 10-16/100000",
    });
    expect(part.read.equals(bytes.subarray(10, 17))).toBe(true);

    injectOnce(proxy, { kind: "short", missingBytes: 100_000 });
    const whole = await get(client);
    expect(whole).toMatchObject({ status: 200, error: undefined });
    expect(whole.headers["content-length"]).toBe("0");
    expect(whole.headers).not.toHaveProperty("content-range");
    expect(proxy.applied.short).toBe(2);
  });

  test("wrongRange: shifted, forward where there is room", async () => {
    const { proxy, client } = await start();
    injectOnce(proxy, { kind: "wrongRange" });
    const forward = await get(client, "bytes=10-19");
    expect(forward).toMatchObject({ status: 206, error: undefined });
    expect(forward.headers["content-range"]).toBe("bytes 11-20/100000");
    expect(forward.read).toEqual(Buffer.concat([bytes.subarray(11, 20), Buffer.alloc(1)]));

    injectOnce(proxy, { kind: "wrongRange" });
    const back = await get(client, "bytes=99990-99999");
    expect(back.headers["content-range"]).toBe("bytes 99989-99998/100000");
    expect(back.read).toEqual(Buffer.concat([Buffer.alloc(1), bytes.subarray(99_990, 99_999)]));
    expect(proxy.applied.wrongRange).toBe(2);
  });

  test("corrupt: one bit is flipped", async () => {
    const { proxy, client } = await start();
    injectOnce(proxy, { kind: "corrupt" });
    const { read, error } = await get(client, "bytes=10-99");
    expect(error).toBeUndefined();
    const expected = Buffer.from(bytes.subarray(10, 100));
    expected.writeUInt8(expected.readUInt8(0) ^ 1, 0);
    expect(read).toEqual(expected);
    expect(proxy.applied.corrupt).toBe(1);
  });

  test.each<[Fault, string | undefined]>([
    [{ kind: "close", afterBytes: 10 }, "bytes=0-9"],
    [{ kind: "reset", afterBytes: 100_001 }, undefined],
    [{ kind: "short", missingBytes: 10 }, "bytes=0-9"],
    [{ kind: "short", missingBytes: 100_001 }, undefined],
    [{ kind: "wrongRange" }, undefined],
    [{ kind: "wrongRange" }, "bytes=0-99999"],
  ])("skips %j if an answer to %j has no place for it", async (fault, range) => {
    const { proxy, client } = await start();
    injectOnce(proxy, fault);
    const { read, error } = await get(client, range);
    expect(error).toBeUndefined();
    expect(read.equals(bytes.subarray(0, read.length))).toBe(true);
    expect(proxy.applied[fault.kind]).toBe(0);
  });

  test("changes answers to HEAD only by a status or a drop", async () => {
    const { proxy, client } = await start();
    const head = async () => {
      const answer = await client.request({ path: "/a", method: "HEAD" });
      await answer.body.dump();
      return answer.statusCode;
    };
    for (const kind of ["close", "reset", "stall"] as const) {
      injectOnce(proxy, { kind, afterBytes: 0 });
      expect(await head()).toBe(200);
    }
    injectOnce(proxy, { kind: "status", status: 500 });
    expect(await head()).toBe(500);
    expect(proxy.applied).toMatchObject({ close: 0, reset: 0, stall: 0, status: 1 });
  });

  test("ends early where the store does", async () => {
    const { proxy, client } = await start();
    const broken = createServer((_, response) => {
      response.writeHead(200, { "content-length": 10 });
      response.write("12345", () => response.socket?.resetAndDestroy());
    }).listen(0, "127.0.0.1");
    await once(broken, "listening");
    const inFront = await startFaultProxy(
      `http://127.0.0.1:${(broken.address() as AddressInfo).port}`,
    );
    const other = new Pool(inFront.url);
    expect((await get(other)).error).toMatch(/UND_ERR_SOCKET|ECONNRESET/);
    await inFront.idle();
    await other.destroy();
    await inFront.close();
    broken.close();
    await once(broken, "close");
    expect((await get(client)).error).toBeUndefined();
    expect(proxy.openRequests()).toBe(0);
  });
});

describe("seeded faults", () => {
  const requests = Array.from({ length: 400 }, (_, index) => ({
    index,
    method: "GET",
    url: `/${index % 100}`,
    range: `bytes=0-${index % 100}`,
  }));

  /** Returns the fault chosen for each request, made in the given order. */
  const choices = (order: readonly ProxiedRequest[], seed: number, rate: number) => {
    const choose = seededFaults(seed, rate);
    return order.map((request) => JSON.stringify([request.url, choose(request)])).sort();
  };

  test("are the same for a seed, in any order of requests", () => {
    expect(choices(requests.toReversed(), 1, 0.5)).toEqual(choices(requests, 1, 0.5));
    expect(choices(requests, 2, 0.5)).not.toEqual(choices(requests, 1, 0.5));
  });

  test("occur at about their rate, of all recoverable kinds", () => {
    const chosen = (rate: number) => {
      const choose = seededFaults(1, rate);
      return requests.map(choose).filter((fault) => fault !== undefined);
    };
    expect(chosen(0)).toEqual([]);
    expect(chosen(1)).toHaveLength(400);
    expect(Math.abs(chosen(0.25).length - 100)).toBeLessThan(30);
    const kinds = new Set(chosen(1).map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([
      "close",
      "drop",
      "reset",
      "short",
      "slow",
      "status",
      "wrongRange",
    ]);
  });

  test("are of the given kinds", () => {
    const choose = seededFaults(1, 1, ["stall"]);
    for (const request of requests.slice(0, 100)) {
      const fault = choose(request);
      expect(fault?.kind).toBe("stall");
      expect(fault).toHaveProperty("afterBytes", expect.any(Number));
    }
  });
});
