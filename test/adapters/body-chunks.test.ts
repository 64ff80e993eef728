import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import http, { type IncomingMessage, type RequestListener } from "node:http";
import https from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { PassThrough, Readable } from "node:stream";
import fc from "fast-check";
import { afterEach, describe, expect, test } from "vitest";
import { createAgents } from "../../adapters/agents.ts";
import { BodyChunks, type BodyOptions } from "../../adapters/body-chunks.ts";
import { CHUNK_BYTES, release } from "../../core/bytes/chunks.ts";
import { ZiplinkError } from "../../core/errors.ts";
import { describeChunkReader } from "../contract/chunk-reader.ts";
import { certificate } from "../support/certificate.ts";

const MiB = 1024 * 1024;

const options = (length: number, more: Partial<BodyOptions> = {}): BodyOptions => ({
  length,
  signal: undefined,
  translate: (cause) => new ZiplinkError("unavailable", "translated", { cause }),
  ...more,
});

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) {
    all.push(Buffer.from(chunk));
    release(chunk);
  }
  return Buffer.concat(all);
}

const codeOf = (promise: Promise<unknown>) =>
  promise.then(
    () => "none",
    (error: unknown) => (error instanceof ZiplinkError ? error.code : error),
  );

describeChunkReader(
  "a body",
  ({ signal, after }) => {
    const bytes = randomBytes(600_000);
    let released = 0;
    const body = Readable.from(
      (async function* () {
        yield bytes.subarray(0, 300_000);
        if (after === "stalls") await new Promise(() => undefined);
        if (after === "fails") throw new Error("broken");
        yield bytes.subarray(300_000);
      })(),
      { objectMode: false },
    );
    const close = () => {
      released++;
      body.destroy();
    };
    const chunks = new BodyChunks(body, options(bytes.length, { signal, close }));
    return { chunks, bytes, released: () => released };
  },
  { failure: "translated" },
);

describe("BodyChunks", () => {
  test("gives the same bytes however they arrive", async () => {
    const parts = fc.array(fc.nat({ max: CHUNK_BYTES }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(parts, async (lengths) => {
        const pieces = lengths.map((length) => randomBytes(length));
        const whole = Buffer.concat(pieces);
        const seen: Buffer[] = [];
        const left: number[] = [];
        const inspect = (bytes: Uint8Array, remaining: number) => {
          seen.push(Buffer.from(bytes));
          left.push(remaining);
        };
        const body = Readable.from(pieces, { objectMode: false });
        const bytes = await collect(new BodyChunks(body, options(whole.length, { inspect })));
        expect(bytes.equals(whole)).toBe(true);
        expect(Buffer.concat(seen).equals(whole)).toBe(true);
        expect(left.at(-1) ?? 0).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test("gives no longer chunks if a body arrives all at once", async () => {
    const content = randomBytes(3 * CHUNK_BYTES + 1);
    const body = Readable.from([content], { objectMode: false });
    const lengths: number[] = [];
    for await (const { length } of new BodyChunks(body, options(content.length))) {
      lengths.push(length);
    }
    expect(lengths).toEqual([CHUNK_BYTES, CHUNK_BYTES, CHUNK_BYTES, 1]);
  });

  test("reads nothing before it is asked to, and never far ahead of its reader", async () => {
    let given = 0;
    const body = new Readable({
      highWaterMark: 1024,
      read() {
        given++;
        this.push(Buffer.alloc(64 * 1024));
      },
    });
    const chunks = new BodyChunks(body, options(Infinity));
    await new Promise(setImmediate);
    expect(given).toBe(0);
    const { value } = await chunks.next();
    expect(value).toHaveLength(CHUNK_BYTES);
    await new Promise(setImmediate);
    expect(given).toBeLessThanOrEqual(9);
    await chunks.return();
    expect(body.destroyed).toBe(true);
  });

  test("gives the available bytes of a slow body, in at most twice their memory", async () => {
    const body = new PassThrough();
    const chunks = new BodyChunks(body, options(CHUNK_BYTES));
    for (const length of [1, 5000, 100_000]) {
      body.write(Buffer.alloc(length, 7));
      const { value } = await chunks.next();
      expect(value).toEqual(Buffer.alloc(length, 7));
      expect(value?.buffer.byteLength).toBeLessThanOrEqual(Math.max(2 * length, 8192));
    }
    await chunks.return();
  });

  test("bodies that are too short, too long or broken fail after the bytes that have arrived", async () => {
    const short = new BodyChunks(Readable.from([Buffer.alloc(5)]), options(6));
    expect((await short.next()).value).toHaveLength(5);
    expect(await codeOf(short.next())).toBe("unavailable");

    const long = new BodyChunks(Readable.from([Buffer.alloc(5), Buffer.alloc(5)]), options(6));
    expect((await long.next()).value).toHaveLength(5);
    expect(await codeOf(long.next())).toBe("corrupt");

    const broken = new PassThrough();
    broken.write(Buffer.alloc(5));
    const chunks = new BodyChunks(broken, options(6));
    expect((await chunks.next()).value).toHaveLength(5);
    broken.destroy(new Error("reset"));
    await expect(chunks.next()).rejects.toThrow("translated");

    const gone = new PassThrough();
    gone.destroy();
    expect(await codeOf(new BodyChunks(gone, options(6)).next())).toBe("unavailable");
  });

  test("a failed inspection replaces the bytes", async () => {
    const body = Readable.from([Buffer.alloc(5), Buffer.alloc(1)]);
    const inspect = (_: Uint8Array, remaining: number) => {
      if (remaining === 0) throw new ZiplinkError("corrupt", "wrong");
    };
    const chunks = new BodyChunks(body, options(6, { inspect }));
    expect((await chunks.next()).value).toHaveLength(5);
    expect(await codeOf(chunks.next())).toBe("corrupt");
    expect(body.destroyed).toBe(true);
  });

  test("an abort releases the body at once, even while a reader waits", async () => {
    const aborting = new AbortController();
    const body = new PassThrough();
    let closed = 0;
    const close = () => {
      closed++;
      body.destroy();
    };
    const chunks = new BodyChunks(body, options(6, { signal: aborting.signal, close }));
    const waiting = chunks.next();
    aborting.abort(new Error("left"));
    await expect(waiting).rejects.toThrow("left");
    await expect(chunks.next()).rejects.toThrow("left");
    await chunks.return();
    expect(closed).toBe(1);
  });
});

describe.each(["http:", "https:"])("agents over %s", (protocol) => {
  const agents = createAgents({ keepAlive: true });
  const agent = protocol === "https:" ? agents.httpsAgent : agents.httpAgent;
  const open: (http.Server | https.Server)[] = [];
  afterEach(() => {
    for (const server of open.splice(0)) server.close().closeAllConnections();
    agent.destroy();
  });

  async function serve(listener: RequestListener): Promise<URL> {
    const server =
      protocol === "https:"
        ? https.createServer(certificate, listener)
        : http.createServer(listener);
    open.push(server);
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    return new URL(`${protocol}//127.0.0.1:${(server.address() as AddressInfo).port}/`);
  }

  async function get(url: URL): Promise<IncomingMessage> {
    const { request } = protocol === "https:" ? https : http;
    const outgoing = request(url, { agent, ca: certificate.cert });
    outgoing.end();
    const [response] = await once(outgoing, "response");
    return response;
  }

  test("carry bodies of any length, one after another on one connection", async () => {
    const content = randomBytes(3_000_000);
    const url = await serve((request, response) => {
      response.end(content.subarray(0, Number(request.url?.slice(1))));
    });
    const ports = new Set<number | undefined>();
    for (const length of [0, 1, 65_536, 300_000, content.length]) {
      const response = await get(new URL(String(length), url));
      ports.add(response.socket.localPort);
      const bytes = await collect(new BodyChunks(response, options(length)));
      expect(bytes.equals(content.subarray(0, length)), `${length} bytes`).toBe(true);
      await new Promise(setImmediate); // the connection returns to the agent
    }
    expect(ports.size).toBe(1);
  });

  test("do not mix the bodies of connections that are read at the same time", async () => {
    const url = await serve((request, response) => {
      response.end(Buffer.alloc(2_000_000, request.url));
    });
    const names = ["/a", "/b", "/c", "/d"];
    const digests = await Promise.all(
      names.map(async (name) => {
        const body = new BodyChunks(await get(new URL(name, url)), options(2_000_000));
        return createHash("sha256")
          .update(await collect(body))
          .digest("hex");
      }),
    );
    const sha256 = (name: string) =>
      createHash("sha256").update(Buffer.alloc(2_000_000, name)).digest("hex");
    expect(digests).toEqual(names.map(sha256));
  });

  test("read in large pieces while a large body is read, and no longer", async () => {
    const content = randomBytes(16 * MiB);
    const url = await serve((_, response) => response.end(content));
    const longestRead = new Map<Socket, number>();
    const watched = async () => {
      const body = await get(url);
      const { socket } = body;
      longestRead.set(socket, 0);
      socket.on("data", ({ length }) => {
        longestRead.set(socket, Math.max(longestRead.get(socket) ?? 0, length));
      });
      return { body, socket };
    };
    const large = await watched();
    const usual = await watched();
    const read = collect(new BodyChunks(large.body, options(content.length)));
    usual.body.resume();
    expect((await read).equals(content)).toBe(true);
    if (!usual.body.readableEnded) await once(usual.body, "end");
    expect(longestRead.get(usual.socket)).toBeLessThanOrEqual(64 * 1024);
    // TLS decrypts 16 KiB at a time.
    const expected = expect(longestRead.get(large.socket));
    if (protocol === "http:") expected.toBeGreaterThan(64 * 1024);
    else expected.toBeLessThanOrEqual(64 * 1024);

    // Both connections are free now, and carry the next bodies with small reads again.
    await new Promise(setImmediate);
    for (const { body, socket } of [await watched(), await watched()]) {
      expect([large.socket, usual.socket]).toContain(socket);
      body.resume();
      await once(body, "end");
      expect(longestRead.get(socket)).toBeLessThanOrEqual(64 * 1024);
    }
  });

  test("a reader that pauses slows down the store", async () => {
    let drained = 0;
    const length = 64 * 1024 * 1024;
    const url = await serve((_, response) => {
      response.writeHead(200, { "Content-Length": length });
      Readable.from(pieces(), { objectMode: false }).pipe(response);
    });
    function* pieces() {
      for (; drained < 64; drained++) yield Buffer.alloc(1024 * 1024);
    }
    const response = await get(url);
    const chunks = new BodyChunks(response, options(length));
    let received = (await chunks.next()).value?.length ?? 0;
    await new Promise((resolve) => setImmediate(resolve));
    expect(drained).toBeLessThan(48);
    for await (const chunk of chunks) received += chunk.length;
    expect(received).toBe(length);
  });
});
