import { createHash } from "node:crypto";
import type { RequestListener } from "node:http";
import { pino } from "pino";
import { expect, test } from "vitest";
import { createMemoryDestination } from "../../adapters/memory/destination.ts";
import { createMemorySource } from "../../adapters/memory/source.ts";
import { createMemoryStateStore } from "../../adapters/memory/state-store.ts";
import { createExports } from "../../examples/export-files/exports.ts";
import { collect, patterned, sha256 } from "../support/bytes.ts";
import { serveBytes, startOrigin } from "../support/delivery-service.ts";

const MiB = 1024 * 1024;

interface Described {
  readonly id: string;
  readonly status: string;
  readonly completed: number;
  readonly failed: number;
  readonly files: readonly {
    readonly name: string;
    readonly status: string;
    readonly bytes: number;
    readonly error?: { readonly code: string };
    readonly sha256?: string;
  }[];
}

/** The application, and an origin that answers as a test has it. */
async function bed(answer: RequestListener, options: { maxBytes?: number } = {}) {
  const origin = await startOrigin(answer);
  const visible = createMemorySource();
  const destination = createMemoryDestination({ source: visible });
  const store = createMemoryStateStore();
  const create = () =>
    createExports({
      destination,
      store,
      urlHosts: [origin.url],
      maxBytes: options.maxBytes ?? 100 * MiB,
      logger: pino({ level: "silent" }),
    });
  const { app, deliveries } = create();
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await app(
      new Request(`http://exports.test${path}`, {
        method,
        ...(body === undefined
          ? {}
          : { body: JSON.stringify(body), headers: { "Content-Type": "application/json" } }),
      }),
    );
    return { status: response.status, body: (await response.json()) as Described };
  };
  const start = async (files: object[], callback?: string) => {
    const { status, body } = await call("POST", "/exports", { files, callback });
    expect(status, JSON.stringify(body)).toBe(202);
    return body.id;
  };
  return {
    origin,
    visible,
    deliveries,
    create,
    call,
    start,
    /** Polls until an export is over. */
    async settled(id: string): Promise<Described> {
      const { body } = await call("GET", `/exports/${id}`);
      await Promise.all(body.files.map((_, i) => deliveries.ended(`${id}-${i}`)));
      return (await call("GET", `/exports/${id}`)).body;
    },
    url: (path: string) => `${origin.url}/${path}`,
    async read(id: string, name: string) {
      const blob = await visible.stat(`${id}/${name}`).catch(() => undefined);
      return blob && collect(await visible.open(blob, { start: 0, end: blob.size }));
    },
    async uploads() {
      let count = 0;
      for await (const _ of destination.uploads("")) count++;
      return count;
    },
  };
}

/** Serves each of `files` under its name. */
function serveFiles(files: Readonly<Record<string, Buffer | RequestListener>>): RequestListener {
  return (request, response) => {
    const file = files[request.url?.slice(1) ?? ""];
    if (file === undefined) response.writeHead(request.method === "POST" ? 204 : 404).end();
    else if (typeof file === "function") file(request, response);
    else serveBytes(file)(request, response);
  };
}

const one = patterned(3 * MiB, 1);
const two = patterned(20 * MiB + 7, 2);

test("an export is started, polled, and complete, with every checksum", async () => {
  const app = await bed(serveFiles({ one, two }));
  const files = [
    { url: app.url("one"), name: "one.bin", sha256: sha256(one), size: one.length },
    {
      url: app.url("two"),
      name: "two.bin",
      sha256: sha256(two),
      md5: createHash("md5").update(two).digest("hex"),
    },
  ];
  const id = await app.start(files);
  const done = await app.settled(id);
  expect(done).toMatchObject({ status: "completed", completed: 2, failed: 0 });
  expect(done.files.map((file) => file.sha256)).toEqual([sha256(one), sha256(two)]);
  expect((await app.read(id, "two.bin"))?.equals(two)).toBe(true);
  expect((await app.call("GET", `/exports/${crypto.randomUUID()}`)).status).toBe(404);
});

test("calls back once all files are over", async () => {
  const app = await bed(serveFiles({ one }));
  const id = await app.start([{ url: app.url("one"), name: "one" }], app.url("callback"));
  await app.settled(id);
  const called = app.origin.requests.filter(({ request }) => request.method === "POST");
  expect(called).toHaveLength(1);
  expect(JSON.parse(called[0]?.body ?? "")).toMatchObject({ id, status: "completed" });
});

test("files that fail leave the others alone", async () => {
  const app = await bed(serveFiles({ one }));
  const id = await app.start([
    { url: app.url("one"), name: "one" },
    { url: app.url("missing"), name: "missing" },
  ]);
  const done = await app.settled(id);
  expect(done).toMatchObject({ status: "partly", completed: 1, failed: 1 });
  expect(done.files[1]?.error?.code).toBe("not_found");
});

test("a file over the limit is refused before a byte of it is fetched", async () => {
  const app = await bed(serveFiles({ two }), { maxBytes: MiB });
  const id = await app.start([{ url: app.url("two"), name: "two" }]);
  const done = await app.settled(id);
  expect(done.files[0]?.error?.code).toBe("too_large");
  expect(app.origin.requests.filter(({ request }) => request.method === "GET")).toEqual([]);
});

test("a file of unknown length is taken, and cut off over the limit", async () => {
  const unsized =
    (bytes: Buffer): RequestListener =>
    (request, response) => {
      response.writeHead(200, { "transfer-encoding": "chunked" });
      response.end(request.method === "HEAD" ? undefined : bytes);
    };
  const app = await bed(serveFiles({ one: unsized(one), two: unsized(two) }), {
    maxBytes: 4 * MiB,
  });
  const id = await app.start([
    { url: app.url("one"), name: "one", sha256: sha256(one) },
    { url: app.url("two"), name: "two" },
  ]);
  const done = await app.settled(id);
  expect(done.files.map((file) => file.error?.code ?? file.status)).toEqual([
    "completed",
    "too_large",
  ]);
  expect((await app.read(id, "one"))?.equals(one)).toBe(true);
  expect(await app.read(id, "two")).toBeUndefined();
  expect(await app.uploads()).toBe(0);
});

test("a wrong checksum leaves nothing", async () => {
  const app = await bed(serveFiles({ one }));
  const id = await app.start([{ url: app.url("one"), name: "one", sha256: sha256(two) }]);
  const done = await app.settled(id);
  expect(done).toMatchObject({ status: "failed", files: [{ error: { code: "corrupt" } }] });
  expect(await app.read(id, "one")).toBeUndefined();
  expect(await app.uploads()).toBe(0);
});

test("a file that changes while it is fetched leaves nothing", async () => {
  let version = 0;
  const app = await bed(
    serveFiles({
      two: (request, response) => {
        serveBytes(two, `"v${request.method === "HEAD" ? version : ++version}"`)(request, response);
      },
    }),
  );
  const id = await app.start([{ url: app.url("two"), name: "two" }]);
  expect((await app.settled(id)).files[0]?.error?.code).toBe("changed");
  expect(await app.uploads()).toBe(0);
});

test("many files are fetched over few connections", async () => {
  const names = Array.from({ length: 30 }, (_, i) => `file-${i}`);
  const app = await bed(serveFiles(Object.fromEntries(names.map((name) => [name, one]))));
  const id = await app.start(names.map((name) => ({ url: app.url(name), name })));
  expect(await app.settled(id)).toMatchObject({ status: "completed", completed: 30 });
  expect(app.origin.requests.length).toBeGreaterThanOrEqual(60);
  expect(app.origin.connections()).toBeLessThanOrEqual(16);
});

test("what fails in passing is tried again, and a read that breaks goes on where it was", async () => {
  let failures = 3;
  let broken = 2;
  const app = await bed(
    serveFiles({
      two: (request, response) => {
        if (request.method === "GET" && failures-- > 0) return void response.writeHead(503).end();
        if (request.method === "GET" && broken-- > 0) {
          const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
          response.writeHead(206, {
            etag: '"v1"',
            "content-length": Number(end) + 1 - Number(start),
            "content-range": `bytes ${start}-${end}/${two.length}`,
          });
          response.write(two.subarray(Number(start), Number(start) + 100_000), () => {
            response.destroy();
          });
          return;
        }
        serveBytes(two)(request, response);
      },
    }),
  );
  const id = await app.start([{ url: app.url("two"), name: "two", sha256: sha256(two) }]);
  expect(await app.settled(id)).toMatchObject({ status: "completed" });
  expect((await app.read(id, "two"))?.equals(two)).toBe(true);
});

test("a cancelled export leaves nothing of what is under way, and what is done stays", async () => {
  const reached = Promise.withResolvers<void>();
  const app = await bed(
    serveFiles({
      one,
      stuck: (request, response) => {
        const [, start, end] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? "") ?? [];
        const length = start === undefined ? 10 * MiB : Number(end) + 1 - Number(start);
        response.writeHead(start === undefined ? 200 : 206, {
          etag: '"v1"',
          "content-length": length,
          ...(start === undefined ? {} : { "content-range": `bytes ${start}-${end}/${10 * MiB}` }),
        });
        if (request.method === "HEAD") response.end();
        else response.write("beginning", () => reached.resolve());
      },
    }),
  );
  const id = await app.start([
    { url: app.url("one"), name: "one" },
    { url: app.url("stuck"), name: "stuck" },
  ]);
  await app.deliveries.ended(`${id}-0`);
  await reached.promise;
  await app.call("POST", `/exports/${id}/cancel`);
  const done = await app.settled(id);
  expect(done.files.map(({ status }) => status)).toEqual(["completed", "cancelled"]);
  expect(await app.read(id, "one")).toBeDefined();
  expect(await app.uploads()).toBe(0);
});

test("two processes that make the same file complete it once", async () => {
  const app = await bed(serveFiles({ two }));
  const other = app.create().deliveries;
  const id = await app.start([{ url: app.url("two"), name: "two", sha256: sha256(two) }]);
  other.start(`${id}-0`);
  await other.ended(`${id}-0`);
  expect(await app.settled(id)).toMatchObject({ status: "completed" });
  expect((await app.read(id, "two"))?.equals(two)).toBe(true);
  expect(await app.uploads()).toBe(0);
});

test.each([
  [{ files: [] }],
  [{ files: [{ url: "ftp://x/y", name: "a" }] }],
  [{ files: [{ url: "https://x/y", name: "../a" }] }],
  [
    {
      files: [
        { url: "https://x/y", name: "a" },
        { url: "https://x/z", name: "a" },
      ],
    },
  ],
])("says what is wrong with %j", async (body) => {
  const app = await bed(serveFiles({}));
  expect((await app.call("POST", "/exports", body)).status).toBe(422);
});

test("a host that is not listed is not fetched from", async () => {
  const app = await bed(serveFiles({}));
  const id = await app.start([{ url: "https://example.com/x", name: "x" }]);
  expect((await app.settled(id)).files[0]?.error?.code).toBe("forbidden");
});
