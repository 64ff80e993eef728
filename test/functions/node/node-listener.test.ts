import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Hono } from "hono";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createMemorySource } from "../../../adapters/memory/index.ts";
import { allocateChunk, CHUNK_BYTES } from "../../../core/bytes/chunks.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { BodyStream } from "../../../core/streaming/body-stream.ts";
import { createArchives } from "../../../functions/app/with-defaults.ts";
import type { App } from "../../../functions/index.ts";
import { createNodeListener } from "../../../functions/node/node-listener.ts";
import { patterned } from "../../support/bytes.ts";
import { download } from "../../support/download.ts";
import { captureLog, listen } from "../../support/examples.ts";
import { served } from "../../support/node-apps.ts";
import { readArchive } from "../../support/read-archive.ts";

const bytes = patterned(3_000_000);

/** An app whose only answer is an archive with one file. */
function archiveApp(audit = vi.fn()): App {
  const archives = createArchives({ source: createMemorySource({ "a.bin": bytes }), audit });
  const spec = { entries: [{ key: "a.bin" }] };
  return async (request) => {
    const plan = await archives.plan(spec);
    return archives.send(request, { spec, plan, principal: {} });
  };
}

/** A body that delivers `chunks` and then does whatever `then` does. */
function streamOf(chunks: readonly Uint8Array[], then: () => Promise<void>) {
  const rest = [...chunks];
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = rest.shift();
        if (chunk) return controller.enqueue(chunk);
        await then();
        controller.close();
      },
    },
    { highWaterMark: 0 },
  );
}

describe("memory of chunks", () => {
  test("a middleware's clone of an archive has all its bytes, and so has the response", async () => {
    const cloned = Promise.withResolvers<Buffer>();
    const app = new Hono();
    const archive = archiveApp();
    app.use(async (c, next) => {
      await next();
      cloned.resolve(c.res.clone().arrayBuffer().then(Buffer.from));
    });
    app.get("/", ({ req }) => archive(req.raw));
    const sent = await download(await served(async (request) => app.fetch(request)));
    expect(sent.complete).toBe(true);
    expect(readArchive(sent.bytes)["a.bin"]).toBe(bytes.toString());
    expect((await cloned.promise).equals(sent.bytes)).toBe(true);
  });

  test.each([true, false])("is released after sending if the body owns it: %s", async (owned) => {
    const chunk = allocateChunk(CHUNK_BYTES).fill(7);
    const body = owned
      ? new BodyStream(async function* () {
          yield chunk;
        }).readable
      : streamOf([chunk], async () => undefined);
    const { bytes: sent } = await download(await served(async () => new Response(body)));
    expect(sent.equals(Buffer.alloc(CHUNK_BYTES, 7))).toBe(true);
    expect(chunk.length).toBe(owned ? 0 : CHUNK_BYTES);
  });
});

describe("an error that the app throws", () => {
  const defect = new TypeError("private/key.txt");

  test("is logged without its message, and answered with 500", async () => {
    const log = captureLog();
    const { status, headers, bytes } = await download(
      await served(() => Promise.reject(defect), { logger: log.logger }),
    );
    expect([status, headers["content-type"]]).toEqual([500, "application/problem+json"]);
    expect(log.events("request_failed")).toMatchObject([
      { status: 500, failure: { code: "internal", causes: ["TypeError"] } },
    ]);
    for (const text of [log.text(), bytes.toString()]) expect(text).not.toContain("private");
  });

  test("is answered with its own status if it has one", async () => {
    const { logger, events } = captureLog();
    const error = new ZiplinkError("too_large", "Too much.");
    const { status, bytes } = await download(await served(() => Promise.reject(error), { logger }));
    expect(status).toBe(413);
    expect(JSON.parse(bytes.toString())).toMatchObject({ detail: "Too much." });
    expect(events("request_failed")).toMatchObject([{ failure: { code: "too_large" } }]);
  });

  test("goes to onError instead, which answers", async () => {
    const onError = vi.fn();
    const app = () => Promise.reject(defect);
    const { url, stop } = await listen((incoming, outgoing) =>
      createNodeListener(app, {
        onError(error) {
          onError(error);
          outgoing.writeHead(418).end("own answer");
        },
      })(incoming, outgoing),
    );
    onTestFinished(stop);
    const { status, bytes } = await download(url);
    expect([status, bytes.toString()]).toEqual([418, "own answer"]);
    expect(onError.mock.calls).toEqual([[defect]]);
  });

  test("is not reported once the client has left", async () => {
    const onError = vi.fn();
    const settled = Promise.withResolvers<void>();
    const app: App = async ({ signal }) => {
      client.destroy();
      await once(signal, "abort");
      throw signal.reason;
    };
    const listener = createNodeListener(app, { onError });
    const { url, stop } = await listen((incoming, outgoing) =>
      listener(incoming, outgoing).then(settled.resolve, settled.reject),
    );
    onTestFinished(stop);
    const { connect } = await import("node:net");
    const client = connect(Number(new URL(url).port), "127.0.0.1");
    client.write("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
    await settled.promise;
    expect(onError).not.toHaveBeenCalled();
  });

  test("is one also where others have sent the headers; the body is closed", async () => {
    const onError = vi.fn();
    const audit = vi.fn();
    const url = await served(archiveApp(audit), { onError }, (_, outgoing) => {
      outgoing.writeHead(204).end();
    });
    expect((await download(url)).status).toBe(204);
    await vi.waitUntil(() => onError.mock.calls.length > 0, { interval: 1 });
    expect(onError.mock.calls).toMatchObject([[{ code: "ERR_HTTP_HEADERS_SENT" }]]);
    expect(audit.mock.calls.at(-1)).toMatchObject([{ event: "download_ended", sent: 0 }]);
  });
});

describe("a body that fails midway breaks the connection", () => {
  const error = new Error("broken");

  test("and is reported", async () => {
    const onError = vi.fn();
    const app = async () =>
      new Response(streamOf([Buffer.from("some")], () => Promise.reject(error)));
    const { bytes, complete } = await download(await served(app, { onError }));
    expect([bytes.toString(), complete]).toEqual(["some", false]);
    await vi.waitUntil(() => onError.mock.calls.length > 0, { interval: 1 });
    expect(onError.mock.calls).toEqual([[error]]);
  });

  test("and is reported by the audit alone if it is an archive", async () => {
    const onError = vi.fn();
    const app = async () =>
      new Response(
        new BodyStream(async function* () {
          yield Buffer.from("some");
          throw error;
        }).readable,
      );
    const settled = Promise.withResolvers<void>();
    const listener = createNodeListener(app, { onError });
    const { url, stop } = await listen((incoming, outgoing) =>
      listener(incoming, outgoing).then(settled.resolve, settled.reject),
    );
    onTestFinished(stop);
    const { bytes, complete } = await download(url);
    expect([bytes.toString(), complete]).toEqual(["some", false]);
    await settled.promise;
    expect(onError).not.toHaveBeenCalled();
  });
});

describe("middleware that replaces write and end by functions without callbacks", () => {
  const replace = (_: IncomingMessage, outgoing: ServerResponse) => {
    const write = outgoing.write.bind(outgoing);
    const end = outgoing.end.bind(outgoing);
    Object.assign(outgoing, {
      write: (chunk: Uint8Array) => write(chunk),
      end: (...rest: unknown[]) => (rest.length > 0 ? outgoing.destroy() : end()),
    });
  };

  test("passes an archive", async () => {
    const { bytes: sent, complete } = await download(await served(archiveApp(), {}, replace));
    expect(complete).toBe(true);
    expect(readArchive(sent)["a.bin"]).toBe(bytes.toString());
  });

  test("may keep the chunks", async () => {
    const chunk = allocateChunk(CHUNK_BYTES).fill(7);
    const app = async () =>
      new Response(
        new BodyStream(async function* () {
          yield chunk;
        }).readable,
      );
    expect((await download(await served(app, {}, replace))).complete).toBe(true);
    expect(chunk.length).toBe(CHUNK_BYTES);
  });

  test("passes any other body", async () => {
    const app = async () => new Response(streamOf([bytes, bytes], async () => undefined));
    const { bytes: sent, complete } = await download(await served(app, {}, replace));
    expect(complete).toBe(true);
    expect(sent.equals(Buffer.concat([bytes, bytes]))).toBe(true);
  });
});
