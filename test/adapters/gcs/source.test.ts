import { Readable } from "node:stream";
import { gzipSync } from "node:zlib";
import { describe, expect, onTestFinished, test, vi } from "vitest";
import { createGcsObjectStore } from "../../../adapters/gcs/object-store.ts";
import { createGcsBucket, createGcsSource, type GcsBucket } from "../../../adapters/gcs/source.ts";
import type { BlobInfo, BlobSource } from "../../../core/blob-source.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { describeBlobSource } from "../../contract/blob-source.ts";
import { describeObjectStore } from "../../contract/object-store.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { type FakeGcsOptions, startFakeGcs } from "../../support/fake-gcs.ts";
import { createMemoryGcs } from "../../support/gcs-memory.ts";

describeBlobSource("gcs (JSON API server)", async () => {
  const server = await startFakeGcs();
  const bucket = createGcsBucket({ bucket: "bucket", apiEndpoint: server.url });
  return {
    source: createGcsSource({ bucket }),
    put: async (key, bytes, created) => void server.objects.put(key, bytes, { created }),
    remove: async (key) => void server.objects.remove(key),
    held: server.open,
    close: server.close,
  };
});

describeBlobSource("gcs (memfs fake)", async () => {
  const memory = createMemoryGcs();
  return {
    source: createGcsSource({ bucket: memory.bucket, prefix: "served/" }),
    put: async (key, bytes, created) => memory.put(`served/${key}`, bytes, { created }),
    remove: async (key) => memory.remove(`served/${key}`),
    held: memory.open,
    close: async () => undefined,
  };
});

/** Starts a server for the running test, with its client and a source of all its objects. */
async function start(options: FakeGcsOptions = {}) {
  const server = await startFakeGcs(options);
  onTestFinished(server.close);
  const bucket = createGcsBucket({ bucket: "bucket", apiEndpoint: server.url });
  return { server, bucket, source: createGcsSource({ bucket }) };
}

const large = patterned(3_000_001);

async function read(source: BlobSource, blob: BlobInfo, start = 0, end = blob.size) {
  return await collect(await source.open(blob, { start, end }));
}

async function keysOf(source: BlobSource, prefix = ""): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of source.list(prefix)) keys.push(key);
  return keys;
}

async function failureOf(promise: Promise<unknown>): Promise<ZiplinkError> {
  const error: unknown = await promise.then(
    () => new Error("it resolved"),
    (reason) => reason,
  );
  if (error instanceof ZiplinkError) return error;
  throw error;
}

describe("listing", () => {
  test("requests a page only when it is needed, and only the needed fields", async () => {
    const { server, source } = await start({ pageSize: 2 });
    for (const key of ["a", "b", "c", "d", "e"]) server.objects.put(key, Buffer.from(key));
    for await (const { key } of source.list("")) if (key === "b") break;
    expect(server.requests).toHaveLength(1);
    expect(await keysOf(source)).toEqual(["a", "b", "c", "d", "e"]);
    expect(server.requests).toHaveLength(4);
    const { searchParams } = new URL(server.requests[2]?.split(" ")[1] ?? "", server.url);
    expect(searchParams.get("fields")).toContain("items(name,size,generation,crc32c,timeCreated");
    expect(searchParams.get("pageToken")).toBe("2");
  });

  test("takes the client's placeholder in a prefix literally", async () => {
    const { server, source } = await start();
    for (const key of ["a/{{projectId}}/b", "a/c", "{{projectId}}"]) {
      server.objects.put(key, Buffer.from(key));
      expect(await keysOf(source, key)).toEqual([key]);
      expect((await read(source, await source.stat(key))).toString()).toBe(key);
    }
  });

  test("fails if a later page does", async () => {
    const { server, source } = await start({ pageSize: 1 });
    server.objects.put("a", Buffer.from("a"));
    server.objects.put("b", Buffer.from("b"));
    server.fail({ match: /pageToken=1/, status: 503 });
    expect((await failureOf(keysOf(source))).code).toBe("unavailable");
  });
});

test("a prefix is a folder, with or without a trailing slash", async () => {
  const { server, bucket } = await start();
  server.objects.put("exports/a.pdf", Buffer.from("inside"));
  server.objects.put("exports2026/a.pdf", Buffer.from("outside"));
  server.objects.put("exports-private/x", Buffer.from("outside"));
  const source = createGcsSource({ bucket, prefix: "exports" });
  expect(await keysOf(source)).toEqual(["a.pdf"]);
  expect((await read(source, await source.stat("a.pdf"))).toString()).toBe("inside");
  expect(await keysOf(source, "2026/")).toEqual([]);
  expect((await failureOf(source.stat("-private/x"))).code).toBe("not_found");
});

test("a prefix is prepended to every key, and removed from listed ones", async () => {
  const { server, bucket } = await start();
  server.objects.put("served/", Buffer.alloc(0)); // as consoles create them to show an empty folder
  server.objects.put("served/a/b.txt", Buffer.from("inside"));
  server.objects.put("served/odd %2F+?#.txt", Buffer.from("odd"));
  server.objects.put("a/b.txt", Buffer.from("outside"));
  server.objects.put("servedd", Buffer.from("outside"));
  const source = createGcsSource({ bucket, prefix: "served/" });
  expect(await keysOf(source)).toEqual(["a/b.txt", "odd %2F+?#.txt"]);
  expect(await keysOf(source, "a/")).toEqual(["a/b.txt"]);
  expect((await read(source, await source.stat("a/b.txt"))).toString()).toBe("inside");
  expect((await read(source, await source.stat("odd %2F+?#.txt"))).toString()).toBe("odd");
  expect((await failureOf(source.stat(""))).code).toBe("not_found");
});

test.each([
  ["a lone surrogate", "a\ud800"],
  ["a line feed", "a\nb"],
  ["more than 1,024 bytes", "ü".repeat(513)],
  ["only a dot", "."],
  ["two dots", ".."],
])("a key of %s is not even requested", async (_, key) => {
  const { server, source } = await start();
  expect((await failureOf(source.stat(key))).code).toBe("not_found");
  expect(server.requests).toEqual([]);
  expect(await keysOf(source, key)).toEqual([]);
});

test("the time of an object is that of its bytes, not of its metadata", async () => {
  const { server, source } = await start();
  const created = new Date("2024-02-29T12:34:56.789Z");
  server.objects.put("a.txt", Buffer.from("a"), { created, contentType: "text/plain" });
  expect(await source.stat("a.txt")).toMatchObject({
    modified: created,
    contentType: "text/plain",
  });
});

test("an object stored as gzip is read as stored", async () => {
  const { server, source } = await start();
  const stored = gzipSync(patterned(200_000));
  server.objects.put("a.txt", stored, { contentEncoding: "gzip" });
  const info = await source.stat("a.txt");
  expect(info.size).toBe(stored.length);
  expect((await read(source, info)).equals(stored)).toBe(true);
  const part = await read(source, info, 1000, 100_000);
  expect(part.equals(stored.subarray(1000, 100_000))).toBe(true);
});

describe("the CRC-32C", () => {
  test("of an object read as a whole is checked before its last bytes are delivered", async () => {
    const { server, source } = await start();
    server.objects.put("a.bin", large);
    const info = await source.stat("a.bin");
    const wrongBytes = Buffer.from(large);
    wrongBytes.writeUInt8(large.readUInt8(7) ^ 1, 7);
    server.fail({ match: /alt=media/, wrongBytes });
    let received = 0;
    const reading = (async () => {
      const chunks = await source.open(info, { start: 0, end: info.size });
      for await (const chunk of chunks) received += chunk.length;
    })();
    expect((await failureOf(reading)).code).toBe("corrupt");
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThan(large.length);
    expect(await server.open()).toBe(0);
    expect((await read(source, info)).equals(large)).toBe(true);
  });

  test("is that of Cloud Storage", async () => {
    const { server, source } = await start();
    const bytes = Buffer.from("123456789"); // the check value of CRC-32/ISCSI is 0xE3069283
    server.objects.put("right", bytes, { crc32c: "4waSgw==" });
    server.objects.put("wrong", bytes, { crc32c: "4waSgg==" });
    expect((await read(source, await source.stat("right"))).equals(bytes)).toBe(true);
    const wrong = await source.stat("wrong");
    expect((await failureOf(read(source, wrong))).code).toBe("corrupt");
    expect((await read(source, wrong, 1, 9)).toString()).toBe("23456789");
  });

  test("may be unknown", async () => {
    const { server, source } = await start();
    server.objects.put("a", Buffer.from("a"));
    const { version, ...info } = await source.stat("a");
    const bare = { ...info, version: version.replace(/\/.*/, "") };
    expect((await read(source, bare)).toString()).toBe("a");
  });
});

describe("generations", () => {
  test("a generation that the bucket keeps can be read after it was replaced", async () => {
    const { server, source } = await start({ keepsGenerations: true });
    server.objects.put("a.txt", Buffer.from("before"));
    const info = await source.stat("a.txt");
    server.objects.put("a.txt", Buffer.from("after"));
    expect((await read(source, info)).toString()).toBe("before");
  });

  test("an empty range of a deleted generation is refused too", async () => {
    const { server, source } = await start();
    server.objects.put("a.txt", Buffer.from("before"));
    const info = await source.stat("a.txt");
    server.objects.put("a.txt", Buffer.from("after"));
    expect((await failureOf(read(source, info, 0, 0))).code).toBe("changed");
    server.objects.remove("a.txt");
    expect((await failureOf(read(source, info, 0, 0))).code).toBe("not_found");
  });

  test("a missing generation fails as the check of the live one does", async () => {
    const { server, source } = await start();
    server.objects.put("a.txt", Buffer.from("before"));
    const info = await source.stat("a.txt");
    server.objects.put("a.txt", Buffer.from("after"));
    server.fail({ match: /GET (?!.*alt=media)/, status: 500 });
    expect((await failureOf(read(source, info))).code).toBe("unavailable");
  });
});

describe("failures", () => {
  const statuses = [
    [401, "denied"],
    [403, "denied"],
    [408, "timeout"],
    [409, "unavailable"],
    [416, "changed"],
    [412, "changed"],
    [429, "throttled"],
    [500, "unavailable"],
    [502, "unavailable"],
    [503, "unavailable"],
    [504, "timeout"],
  ] as const;

  test.each(statuses)(
    "status %i is %s, after one request and without the key",
    async (status, code) => {
      const { server, source } = await start();
      server.objects.put("secret-key.txt", large);
      const info = await source.stat("secret-key.txt");
      const calls = [
        () => source.stat("secret-key.txt"),
        () => keysOf(source, "secret-key"),
        () => read(source, info),
      ];
      for (const call of calls) {
        server.requests.length = 0;
        server.fail({ match: /secret-key/, status });
        const error = await failureOf(call());
        expect(error.code).toBe(code);
        expect(error.message).not.toContain("secret-key");
        expect(error.cause).toBeInstanceOf(Error);
        expect(server.requests).toHaveLength(1);
        expect(await server.open()).toBe(0);
      }
    },
  );

  test("status 404 is not_found, without the key", async () => {
    const { server, source } = await start();
    server.objects.put("secret-key.txt", large);
    const info = await source.stat("secret-key.txt");
    server.objects.remove("secret-key.txt");
    for (const call of [() => source.stat("secret-key.txt"), () => read(source, info)]) {
      const error = await failureOf(call());
      expect(error.code).toBe("not_found");
      expect(error.message).not.toContain("secret-key");
      expect(String(error.cause)).toContain("secret-key");
    }
  });

  test.each([
    ["7", 7000],
    ["Thu, 01 Jan 1970 00:00:00 GMT", 0],
    ["soon", undefined],
    [undefined, undefined],
  ])("Retry-After %j is %j ms", async (retryAfter, retryAfterMs) => {
    const { server, source } = await start();
    server.objects.put("a", large);
    const info = await source.stat("a");
    const fault = { match: /./, status: 429, ...(retryAfter === undefined ? {} : { retryAfter }) };
    for (const call of [() => source.stat("a"), () => read(source, info)]) {
      server.fail(fault);
      expect(await failureOf(call())).toMatchObject({ code: "throttled", retryAfterMs });
    }
  });

  test.each(["close", "reset"] as const)(
    "a body that drops midway (%s) is unavailable",
    async (dropBy) => {
      const { server, source } = await start();
      server.objects.put("a.bin", large);
      const info = await source.stat("a.bin");
      for (const dropAfter of [0, 1, 1_000_000, large.length - 1]) {
        server.fail({ match: /alt=media/, dropAfter, dropBy });
        expect((await failureOf(read(source, info))).code).toBe("unavailable");
        expect(await server.open()).toBe(0);
      }
      expect((await read(source, info)).equals(large)).toBe(true);
    },
  );

  test("a server that does not exist is unavailable", async () => {
    const server = await startFakeGcs();
    await server.close();
    const bucket = createGcsBucket({ bucket: "bucket", apiEndpoint: server.url });
    const source = createGcsSource({ bucket });
    const info = { key: "a", size: 1, version: "1", modified: new Date() };
    expect((await failureOf(source.stat("a"))).code).toBe("unavailable");
    expect((await failureOf(keysOf(source))).code).toBe("unavailable");
    expect((await failureOf(read(source, info))).code).toBe("unavailable");
  });

  test("a bucket that does not exist is not_found", async () => {
    const { server } = await start();
    const bucket = createGcsBucket({ bucket: "another", apiEndpoint: server.url });
    expect(await failureOf(keysOf(createGcsSource({ bucket })))).toMatchObject({
      code: "not_found",
      reason: "no_bucket",
    });
  });

  test.each([
    [
      new Error("Could not load the default credentials. Browse to ..."),
      "denied",
      "no_credentials",
    ],
    [
      Object.assign(new Error("invalid_grant"), { code: "400", status: 400 }),
      "denied",
      "wrong_credentials",
    ],
    [Object.assign(new Error("Unauthorized"), { code: 401 }), "denied", "wrong_credentials"],
    [Object.assign(new Error("connect"), { code: "ETIMEDOUT" }), "timeout", undefined],
    [Object.assign(new Error("lookup"), { code: "ENOTFOUND" }), "unavailable", undefined],
  ])("the client's error %s is %s", async (error, code, reason) => {
    const bucket: GcsBucket = {
      file: () => {
        throw error;
      },
      getFiles: () => Promise.reject(error),
    };
    const source = createGcsSource({ bucket });
    expect(await failureOf(source.stat("a"))).toMatchObject({ code, reason });
    expect(await failureOf(keysOf(source))).toMatchObject({ code, reason });
  });
});

test.each([
  [9, "unavailable"],
  [11, "corrupt"],
])("%i bytes instead of 10 are %s", async (length, code) => {
  const bucket: GcsBucket = {
    file: () => ({
      getMetadata: () => Promise.reject(new Error("not asked for")),
      createReadStream: () => Readable.from([Buffer.alloc(length)]),
    }),
    getFiles: () => Promise.reject(new Error("not asked for")),
  };
  const info = { key: "a", size: 20, version: "1", modified: new Date() };
  const reading = read(createGcsSource({ bucket }), info, 0, 10);
  expect((await failureOf(reading)).code).toBe(code);
});

test("with a custom endpoint, no credentials are looked for", async () => {
  vi.stubEnv("GOOGLE_APPLICATION_CREDENTIALS", "/nonexistent/credentials.json");
  onTestFinished(() => void vi.unstubAllEnvs());
  const { server, source } = await start();
  server.objects.put("a", Buffer.from("a"));
  expect((await read(source, await source.stat("a"))).toString()).toBe("a");
});

describe("aborting", () => {
  test("leaves other downloads alone", async () => {
    const { server, source } = await start();
    const bytes = patterned(20_000_000);
    server.objects.put("a.bin", bytes);
    const info = await source.stat("a.bin");
    const others = await Promise.all(
      [1, 2, 3].map(() => source.open(info, { start: 0, end: info.size })),
    );
    for await (const _ of await source.open(info, { start: 0, end: info.size })) break;
    for (const chunks of others) expect((await collect(chunks)).equals(bytes)).toBe(true);
    expect(await server.open()).toBe(0);
  });

  test("ends an unanswered request at once", async () => {
    const { server, source } = await start();
    server.objects.put("a.bin", large);
    const info = await source.stat("a.bin");
    const calls = [
      (signal: AbortSignal) => source.open(info, { start: 0, end: info.size }, signal),
      (signal: AbortSignal) => source.stat("a.bin", signal),
      (signal: AbortSignal) => source.list("", signal)[Symbol.asyncIterator]().next(),
    ];
    for (const call of calls) {
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      const asked = server.fail({ match: /./, until: released });
      const abort = new AbortController();
      const outcome = call(abort.signal);
      await asked;
      abort.abort(new Error("left"));
      await expect(outcome).rejects.toThrow("left");
      release();
      expect(await server.open()).toBe(0);
    }
  });

  test("causes no warnings", async () => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on("warning", onWarning);
    onTestFinished(() => void process.off("warning", onWarning));
    const { server, source } = await start();
    server.objects.put("a.bin", large);
    const info = await source.stat("a.bin");
    await read(source, info);
    for await (const _ of await source.open(info, { start: 0, end: info.size })) break;
    expect(await server.open()).toBe(0);
    expect(warnings).toEqual([]);
  });
});

describeObjectStore("gcs", async () => {
  const server = await startFakeGcs();
  const refusing = await startFakeGcs();
  refusing.fail({ match: /./, status: 403, times: Infinity });
  const storeOf = (apiEndpoint: string) =>
    createGcsObjectStore({ bucket: createGcsBucket({ bucket: "bucket", apiEndpoint }) });
  return {
    store: storeOf(server.url),
    refusing: storeOf(refusing.url),
    names: () => server.objects.list("").map(({ name }) => name),
    close: async () => void (await Promise.all([server.close(), refusing.close()])),
  };
});

describe("object store", () => {
  const small = patterned(100_000);

  test.each([
    ["crc/", "crc/a"],
    ["crc", "crc/a"],
    [undefined, "a"],
  ])("keeps objects in the folder %j", async (prefix, name) => {
    const { server, bucket } = await start();
    const folder = prefix === undefined ? {} : { prefix };
    const store = createGcsObjectStore({ bucket, ...folder });
    expect(await store.get("a")).toBeUndefined();
    await store.put("a", small);
    expect(Buffer.from((await store.get("a")) ?? []).equals(small)).toBe(true);
    await store.put("a", new Uint8Array());
    expect(await store.get("a")).toHaveLength(0);
    expect(server.objects.list("").map((object) => object.name)).toEqual([name]);
    expect(await server.open()).toBe(0);
  });

  test("fails as the source does", async () => {
    const { server, bucket } = await start();
    const store = createGcsObjectStore({ bucket, prefix: "crc/" });
    await store.put("a", small);
    server.fail({ match: /./, status: 403, times: 2 });
    expect((await failureOf(store.get("a"))).code).toBe("denied");
    expect((await failureOf(store.put("a", small))).code).toBe("denied");
    server.fail({ match: /alt=media/, dropAfter: 1000 });
    expect((await failureOf(store.get("a"))).code).toBe("unavailable");
    const signal = AbortSignal.abort(new Error("left"));
    await expect(store.get("a", signal)).rejects.toThrow("left");
    await expect(store.put("a", small, signal)).rejects.toThrow("left");
  });
});
