import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { readFileSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { describe, expect, onTestFinished, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import type { BlobSource } from "../../../core/blob-source.ts";
import { createCrcStore } from "../../../core/crc/crc-store.ts";
import { signLink } from "../../../core/links/link.ts";
import { createManifestStore } from "../../../core/links/manifest.ts";
import type { ObjectStore } from "../../../core/source/object-store.ts";
import { ResilientSource } from "../../../core/source/resilience/resilient-source.ts";
import { publishStoreFailure, type StoreMessage } from "../../../core/source/store-channel.ts";
import { storeError } from "../../../core/source/store-errors.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { codeOf } from "../../support/error-codes.ts";
import { handlerOf } from "../../support/handlers.ts";
import { planOf } from "../../support/plans.ts";
import { linkSecret } from "../../support/secrets.ts";
import { startService } from "../../support/service-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

/** Returns a list to which everything published during the running test is added. */
function published(): StoreMessage[] {
  const messages: StoreMessage[] = [];
  const listen = (message: unknown) => void messages.push(message as StoreMessage);
  subscribe("ziplink:store", listen);
  onTestFinished(() => void unsubscribe("ziplink:store", listen));
  return messages;
}

const cause = new Error("why, about secret-key");
const unavailable = () => storeError("unavailable", cause);

/** Rejects the first `times` calls of each method of `source`. */
function failing(source: BlobSource, times: number, error = unavailable): BlobSource {
  const left = { stat: times, open: times, list: times };
  return {
    async stat(key, signal) {
      if (left.stat-- > 0) throw error();
      return source.stat(key, signal);
    },
    async open(blob, range, signal) {
      if (left.open-- > 0) throw error();
      return source.open(blob, range, signal);
    },
    async *list(prefix, signal) {
      if (left.list-- > 0) throw error();
      yield* source.list(prefix, signal);
    },
  };
}

const source = createMemorySource({ "secret-key": patterned(300_000) });
const download = (times: number, error = unavailable) =>
  new ResilientSource(failing(source, times, error), {
    backoffMs: 1,
    attempts: 3,
  }).forDownload();

const calls: Readonly<Record<string, (source: BlobSource) => Promise<unknown>>> = {
  stat: (from) => from.stat("secret-key"),
  list: async (from) => {
    for await (const _ of from.list("secret"));
  },
  read: async (from) => {
    const blob = await source.stat("secret-key");
    await collect(await from.open(blob, { start: 0, end: blob.size }));
  },
};

describe.each(Object.entries(calls))("the channel has each failure of %s", (operation, call) => {
  const key = operation === "list" ? "secret" : "secret-key";
  const error = expect.objectContaining({ code: "unavailable", cause });
  const retried = (failures: number) => {
    return { event: "retried", operation, key, error, failures, waitMs: expect.any(Number) };
  };

  test("that is retried", async () => {
    const messages = published();
    await call(download(2));
    expect(messages).toEqual([retried(1), retried(2)]);
  });

  test("that is given up", async () => {
    const messages = published();
    expect(await codeOf(call(download(9)))).toBe("unavailable");
    const failed = { event: "failed", operation, key, error, failures: 3 };
    expect(messages).toEqual([retried(1), retried(2), failed]);
  });

  test("that cannot pass, and every defect", async () => {
    const messages = published();
    expect(await codeOf(call(download(9, () => storeError("denied", cause))))).toBe("denied");
    const defect = new TypeError("a defect");
    await expect(
      call(
        download(9, () => {
          throw defect;
        }),
      ),
    ).rejects.toBe(defect);
    expect(messages).toMatchObject([
      { event: "failed", operation, key, error: { code: "denied", cause }, failures: 1 },
      { event: "failed", operation, key, error: defect, failures: 1 },
    ]);
  });

  test("but none of who leaves", async () => {
    const messages = published();
    const abort = new AbortController();
    const leaving = () => {
      abort.abort(new Error("left"));
      return unavailable();
    };
    const from = download(9, leaving);
    const signalled: BlobSource = {
      stat: (name) => from.stat(name, abort.signal),
      list: (prefix) => from.list(prefix, abort.signal),
      open: (blob, range) => from.open(blob, range, abort.signal),
    };
    await expect(call(signalled)).rejects.toThrow("left");
    expect(messages).toEqual([]);
  });
});

test("the channel has each failure of a read that breaks and cannot be opened again just once", async () => {
  const messages = published();
  const blob = await source.stat("secret-key");
  const breaking: BlobSource = {
    ...source,
    async open(_blob, { start }) {
      if (start > 0) throw storeError("changed", cause);
      return (async function* () {
        yield new Uint8Array(10);
        throw unavailable();
      })();
    },
  };
  const from = new ResilientSource(breaking, { backoffMs: 1 }).forDownload();
  const reading = from.open(blob, { start: 0, end: blob.size }).then(collect);
  expect(await codeOf(reading)).toBe("changed");
  expect(messages).toMatchObject([
    { event: "retried", operation: "read", error: { code: "unavailable" }, failures: 1 },
    { event: "failed", operation: "read", error: { code: "changed" }, failures: 2 },
  ]);
});

test("the channel has the object whose bytes are not what was stated", async () => {
  const messages = published();
  const bytes = patterned(100_000);
  const { source: stated, plan } = await planOf({ "secret-key": { bytes, crc32: 1 } });
  expect(await codeOf(collect(streamZip(plan, stated)))).toBe("corrupt");
  const short: BlobSource = {
    ...stated,
    open: (blob, { start, end }, signal) => stated.open(blob, { start, end: end - 1 }, signal),
  };
  expect(await codeOf(collect(streamZip(plan, short)))).toBe("corrupt");
  expect(messages).toEqual([
    {
      event: "failed",
      operation: "read",
      key: "secret-key",
      error: storeError("wrong_checksum"),
      failures: 1,
    },
    {
      event: "failed",
      operation: "read",
      key: "secret-key",
      error: storeError("wrong_length"),
      failures: 1,
    },
  ]);
});

test("the channel has the failures of the stores of checksums and manifests", async () => {
  const messages = published();
  const objects: ObjectStore = {
    get: async () => {
      throw unavailable();
    },
    put: async () => {
      throw unavailable();
    },
  };
  const crcs = createCrcStore(objects, Buffer.alloc(32, 1));
  const manifests = createManifestStore({ objects });
  const reference = { manifest: "list.json", sha256: "0".repeat(64) };
  for (const call of [
    () => crcs.load('"etag"'),
    () => crcs.save('"etag"', new Map([[0, 1]])),
    () => manifests.load(reference),
    () => manifests.keep({ entries: [{ key: "secret-key" }] }),
  ]) {
    expect(await codeOf(call())).toBe("unavailable");
  }
  const crcName = expect.stringMatching(/^[0-9a-f]{64}\.crc$/);
  const jsonName = expect.stringMatching(/^[0-9a-f]{64}\.json$/);
  expect(messages).toMatchObject([
    { event: "failed", operation: "get", key: crcName, error: { cause } },
    { event: "failed", operation: "put", key: crcName, error: { cause } },
    { event: "failed", operation: "get", key: "list.json", error: { cause } },
    { event: "failed", operation: "put", key: jsonName, error: { cause } },
  ]);
});

describe("the channel has what a store of objects", () => {
  const hanging: ObjectStore = {
    get: (_, signal) =>
      new Promise((_resolve, reject) => {
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
      }),
    put: async () => undefined,
  };

  test("did not do in time", async () => {
    const messages = published();
    const crcs = createCrcStore(hanging, Buffer.alloc(32, 1));
    await expect(crcs.load('"etag"', AbortSignal.timeout(1))).rejects.toThrow();
    expect(messages).toMatchObject([{ operation: "get", error: { name: "TimeoutError" } }]);
  });

  test("but not what nobody waits for", async () => {
    const messages = published();
    const abort = new AbortController();
    const loading = createCrcStore(hanging, Buffer.alloc(32, 1)).load('"etag"', abort.signal);
    abort.abort(new Error("left"));
    await expect(loading).rejects.toThrow("left");
    expect(messages).toEqual([]);
  });
});

test("the audit has no key of what the channel names", async () => {
  const messages = published();
  const { get, events } = handlerOf(failing(source, Infinity));
  const response = await get({ entries: [{ key: "secret-key" }] });
  expect(response.status).toBe(503);
  expect(messages.at(-1)).toMatchObject({ event: "failed", key: "secret-key", error: { cause } });
  expect(JSON.stringify(events)).not.toContain("secret-key");
});

test("without a subscriber nothing of a failure is looked at", () => {
  const call = {
    operation: "stat",
    failures: 1,
    get key(): string {
      throw new Error("looked at");
    },
  } as const;
  publishStoreFailure("failed", call, unavailable());
  published();
  expect(() => publishStoreFailure("failed", call, unavailable())).toThrow("looked at");
});

test("the example in the guide shows a service's failures on standard error alone", async () => {
  const guide = readFileSync(join(import.meta.dirname, "../../../docs/OPERATIONS.md"), "utf8");
  const [, example = ""] = /```js\n(\/\/ debug-store\.mjs.*?)```/s.exec(guide) ?? [];
  expect(example.trim().split("\n")).toHaveLength(4);
  const folder = await temporaryFolder();
  await writeFile(join(folder, "debug-store.mjs"), example);
  await mkdir(join(folder, "served"));
  const service = await startService("functions/node.ts", {
    SOURCE: join(folder, "served"),
    LINK_SECRET: linkSecret,
    NODE_OPTIONS: `--import ${pathToFileURL(join(folder, "debug-store.mjs"))}`,
  });
  onTestFinished(async () => void (await service.stop()));
  const entries = [{ key: "secret-key" }];
  const expires = new Date(Date.now() + 60_000);
  const token = await signLink({ entries }, { secret: linkSecret, expires });
  expect((await fetch(`${service.url}/zip/${token}`)).status).toBe(404);
  const refused = await service.nextLine(({ message }) => message === "request_refused");
  expect(JSON.stringify(refused)).not.toContain("secret-key");
  await service.printed(/failed stat secret-key ZiplinkError: One or more objects were not found/);
});
