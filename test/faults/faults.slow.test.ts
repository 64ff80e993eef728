import { rename, truncate, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Agent } from "undici";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createHttpSource } from "../../adapters/http/source.ts";
import { crc32 } from "../../core/bytes/crc32.ts";
import type { AuditEvent } from "../../core/http/audit.ts";
import type { HandlerOptions } from "../../core/http/handler.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { streamZip } from "../../core/stream-zip.ts";
import { ReadAheadPool } from "../../core/streaming/read-ahead-pool.ts";
import { collect, patterned, sha256 } from "../support/bytes.ts";
import { download } from "../support/download.ts";
import { type FaultProxy, startFaultProxy } from "../support/fault-proxy.ts";
import { type FaultKind, seededFaults } from "../support/faults.ts";
import { type Nginx, startNginx } from "../support/nginx.ts";
import { serve } from "../support/serving.ts";
import { makeFolder, removeFolder } from "../support/temporary-folder.ts";
import { describeWithTools } from "../support/tools.ts";

const DOWNLOADS = 1_000;
const MiB = 1024 * 1024;

const kinds: readonly FaultKind[] = [
  "status",
  "reset",
  "close",
  "stall",
  "slow",
  "short",
  "wrongRange",
  "corrupt",
  "drop",
];

/** Small files, one that is read in parts, and one that is framed. */
const files: Record<string, Buffer> = {
  "a.txt": Buffer.from("some text"),
  "b.bin": patterned(30_000, 1),
  "c.bin": patterned(90_000, 2),
  "d.bin": patterned(150_000, 3),
  "e.bin": patterned(5_000, 4),
  "f.bin": patterned(70_000, 5),
};

const modified = new Date("2024-02-29T12:34:57Z");

describeWithTools("downloads from a store with faults", ["nginx"], () => {
  let root: string;
  let nginx: Nginx;
  let proxy: FaultProxy;
  let agent: Agent;

  beforeAll(async () => {
    root = await makeFolder();
    for (const [name, bytes] of Object.entries(files)) await put(name, bytes);
    await writeFile(join(root, "sparse.bin"), "");
    await truncate(join(root, "sparse.bin"), 1024 * MiB);
    nginx = await startNginx({ root });
    proxy = await startFaultProxy(nginx.url);
    agent = new Agent();
  });

  afterAll(async () => {
    await agent.close();
    await proxy.close();
    await nginx.stop();
    await removeFolder(root);
  });

  /** Serves the store behind the proxy, for as long as the test runs. */
  const serveStore = (options: Partial<HandlerOptions>) => {
    const source = createHttpSource({ base: `${proxy.url}/`, dispatcher: agent });
    return serve(source, { limits: { maxEntries: 100, maxBytes: 1e10 }, ...options });
  };

  /**
   * Replaces a file atomically, as stores do: no reader sees bytes of two versions, or a mismatched
   * date.
   */
  async function put(name: string, bytes: Buffer, time = modified): Promise<void> {
    const unfinished = join(root, `${name}.unfinished`);
    await writeFile(unfinished, bytes);
    await utimes(unfinished, time, time);
    await rename(unfinished, join(root, name));
  }

  /** Returns the hash of the archive as it is without faults. */
  async function expectedHash(request: { entries: { key: string }[] }): Promise<string> {
    const source = createHttpSource({ base: `${nginx.url}/` });
    return sha256(await collect(streamZip(await planArchive(request, source), source)));
  }

  const keys = Object.keys(files);
  const stated = {
    entries: keys.map((key) => ({ key, crc32: crc32(files[key] ?? Buffer.alloc(0)) })),
  };
  const unstated = { entries: keys.map((key) => ({ key })) };

  test(`${DOWNLOADS} downloads end complete or broken, never complete but wrong`, async () => {
    const served = await serveStore({
      resilience: { backoffMs: 1, timeoutMs: 150, halfOpenAfterMs: 10, attempts: 6, budget: 100 },
      readAhead: new ReadAheadPool({ partBytes: 64 * 1024, maxOpen: 8 }),
    });
    const hashes = { stated: await expectedHash(stated), unstated: await expectedHash(unstated) };
    const counts = { whole: 0, refused: 0, broken: 0 };
    for (let seed = 0; seed < DOWNLOADS; seed++) {
      // A flipped bit is noticed only if a checksum is known.
      const isStated = seed % 2 === 0;
      const usable = isStated ? kinds : kinds.filter((kind) => kind !== "corrupt");
      // One kind alone, in turn, or all of them; from rarely to nearly always.
      const some = seed % 3 === 0 ? usable : [usable[seed % usable.length] ?? "reset"];
      const rate = [0.05, 0.2, 0.5, 0.9][seed % 4] ?? 0.2;
      // A stall costs its time-out, so a few are enough.
      const chosen = some.filter((kind) => kind !== "stall" || seed % 7 === 0);
      proxy.fault = seededFaults(seed, rate, chosen);
      const url = await served.url(isStated ? stated : unstated);
      const isChanged = seed % 25 === 24;
      let changing: Promise<void> | undefined;
      if (isChanged) {
        proxy.onFault = () => {
          proxy.onFault = () => undefined;
          changing = put("d.bin", patterned(150_000, seed), new Date(seed * 1e9));
        };
      }
      const { status, complete, bytes } = await download(url);
      proxy.fault = () => undefined;
      proxy.onFault = () => undefined;
      const possible = [isStated ? hashes.stated : hashes.unstated];
      if (changing) {
        await changing;
        // If the link states the checksum of other bytes, there is no archive.
        if (!isStated) possible.push(await expectedHash(unstated));
        await put("d.bin", files["d.bin"] ?? Buffer.alloc(0));
      }
      if (status !== 200) {
        expect([404, 409, 502, 503, 504], `seed ${seed}`).toContain(status);
        counts.refused++;
      } else if (complete) {
        expect(possible, `seed ${seed}`).toContain(sha256(bytes));
        counts.whole++;
      } else {
        counts.broken++;
      }
    }
    console.log(
      `${DOWNLOADS} downloads: ${JSON.stringify(counts)}; faults: ${JSON.stringify(proxy.applied)}`,
    );
    expect(counts.whole).toBeGreaterThan(DOWNLOADS / 3);
    expect(counts.refused + counts.broken).toBeGreaterThan(DOWNLOADS / 20);
    for (const kind of kinds) expect(proxy.applied[kind], kind).toBeGreaterThan(20);
    await proxy.idle();
    expect(proxy.openRequests()).toBe(0);
    // The audit has recorded each broken download.
    const failed = (event: AuditEvent) => "outcome" in event && event.outcome === "failed";
    expect(served.events.filter(failed)).toHaveLength(counts.broken);
  }, 240_000);

  test("1 GiB arrives intact despite a reset every 20 MB", async () => {
    let sent = 0;
    let resets = 0;
    proxy.fault = ({ method, range }) => {
      const [, start = "0", end = "0"] = /^bytes=(\d+)-(\d+)$/.exec(range ?? "") ?? [];
      if (method !== "GET") return undefined;
      const length = Number(end) - Number(start) + 1;
      const before = sent % 20_000_000;
      if (before + length < 20_000_000) {
        sent += length;
        return undefined;
      }
      sent += 20_000_000 - before;
      resets++;
      return { kind: "reset", afterBytes: 20_000_000 - before };
    };
    const served = await serveStore({ resilience: { backoffMs: 1 } });
    const request = { entries: [{ key: "sparse.bin" }] };
    const { status, complete, bytes, headers } = await download(await served.url(request));
    proxy.fault = () => undefined;
    expect([status, complete]).toEqual([200, true]);
    expect(bytes.length).toBe(Number(headers["content-length"]));
    expect(sha256(bytes)).toBe(await expectedHash(request));
    expect(resets).toBeGreaterThan(40);
    await proxy.idle();
  }, 120_000);
});
