/**
 * Two hundred concurrent clients, of which fifty disconnect midway, and one more that has to wait.
 */
import { once } from "node:events";
import { mkdir, writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { createFsSource } from "../../adapters/fs/source.ts";
import { signLink } from "../../core/links/link.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { streamZip } from "../../core/stream-zip.ts";
import { collect, patterned } from "../support/bytes.ts";
import { download, type Opened, open } from "../support/download.ts";
import { inspect } from "../support/inspector.ts";
import { linkSecret as secret } from "../support/secrets.ts";
import { startService } from "../support/service-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";

const metricsToken = "a-token-for-metrics-of-thirty-two-b";
const MiB = 1024 * 1024;
const CLIENTS = 200;
const LEAVING = 50;
const FOLDERS = ["a", "b", "c", "d"];

/** Whether exactly the expected bytes arrive, up to the end. */
async function isIdentical({ body }: Opened, expected: Buffer): Promise<boolean> {
  let position = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    if (!chunk.equals(expected.subarray(position, position + chunk.length))) return false;
    position += chunk.length;
  }
  return body.complete && position === expected.length;
}

/** Reads about a megabyte, and disconnects. */
async function leaveMidway({ body }: Opened): Promise<void> {
  let length = 0;
  while (length < MiB) {
    const chunk = body.read() as Buffer | null;
    if (chunk === null) await once(body, "readable");
    else length += chunk.length;
  }
  body.destroy();
}

/** Sends a request, and disconnects before any of its answer can be read. */
async function leaveAtOnce(url: string): Promise<void> {
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  await new Promise<void>((resolve) => {
    const request = `GET ${pathname} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`;
    socket.write(request, () => {
      socket.destroy();
      resolve();
    });
  });
}

test("200 concurrent downloads: 50 that disconnect harm no others and leave nothing behind", async () => {
  const folder = await temporaryFolder();
  const source = createFsSource({ root: folder });
  const archives = new Map<string, Buffer>();
  for (const [seed, name] of FOLDERS.entries()) {
    await mkdir(join(folder, name));
    await writeFile(join(folder, name, "large.bin"), patterned(10 * MiB, seed + 1));
    for (let i = 0; i < 20; i++) {
      await writeFile(join(folder, name, `${i}.bin`), patterned(100_000 + i, seed + 10));
    }
    const plan = await planArchive({ prefix: `${name}/` }, source);
    archives.set(name, await collect(streamZip(plan, source)));
  }
  const service = await startService("functions/node.ts", {
    SOURCE: folder,
    LINK_SECRET: secret,
    MAX_ACTIVE_DOWNLOADS: String(CLIENTS),
    METRICS: "true",
    METRICS_TOKEN: metricsToken,
    NODE_OPTIONS: "--inspect=127.0.0.1:0",
  });
  onTestFinished(async () => void (await service.stop()));

  const urlFor = async (name: string, subject: string) => {
    const terms = { secret, expires: new Date(Date.now() + 3_600_000), subject };
    return `${service.url}/zip/${await signLink({ prefix: `${name}/` }, terms)}`;
  };
  const metrics = async () => {
    const headers = { Authorization: `Bearer ${metricsToken}` };
    const text = (await download(`${service.url}/metrics`, { headers })).bytes.toString();
    return (series: string) =>
      Number(
        text
          .split("\n")
          .find((line) => line.startsWith(`${series} `))
          ?.slice(series.length),
      );
  };
  const archiveOf = (client: number) => FOLDERS[client % FOLDERS.length] ?? "";
  const crowd = () =>
    Promise.all(
      Array.from({ length: CLIENTS }, async (_, i) =>
        open(await urlFor(archiveOf(i), `user-${i}`)),
      ),
    );

  /** Runs the whole scenario; returns how many clients received every byte. */
  async function run(): Promise<number> {
    const clients = await crowd();
    expect(clients.filter(({ status }) => status === 200)).toHaveLength(CLIENTS);
    expect((await metrics())("ziplink_active_downloads")).toBe(CLIENTS);

    const late = await download(await urlFor("a", "late"));
    expect([late.status, late.headers["retry-after"]]).toEqual([429, "5"]);
    expect((await download(`${service.url}/healthz`)).status).toBe(200);

    const results = await Promise.all(
      clients.map((client, i) =>
        i % (CLIENTS / LEAVING) === 1
          ? leaveMidway(client)
          : isIdentical(client, archives.get(archiveOf(i)) ?? Buffer.alloc(0)),
      ),
    );
    for (let i = 0; i < CLIENTS; i++) {
      await service.nextLine(({ message }) => message === "download_ended");
    }
    return results.filter((result) => result === true).length;
  }

  const { resources } = await inspect(service);
  // Once to warm up: memory that code and caches keep is not a leak.
  expect(await run()).toBe(CLIENTS - LEAVING);
  const idle = await inspect(service);
  expect(await run()).toBe(CLIENTS - LEAVING);

  const count = await metrics();
  expect(count("ziplink_active_downloads")).toBe(0);
  expect(count('ziplink_downloads_total{outcome="completed"}')).toBe(2 * (CLIENTS - LEAVING));
  expect(count('ziplink_downloads_total{outcome="aborted"}')).toBe(2 * LEAVING);
  expect(count('ziplink_downloads_total{outcome="failed"}')).toBe(0);
  expect(await service.openFilesBelow(folder)).toBe(0);
  // Sockets close a moment after their download.
  await vi.waitFor(async () => expect((await inspect(service)).resources).toEqual(resources));
  expect((await inspect(service)).bytes - idle.bytes).toBeLessThan(8 * MiB); // of 1.8 GiB sent
  // Clients that do not wait for their answer leave nothing behind either.
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, i) => leaveAtOnce(await urlFor("a", `gone-${i}`))),
  );
  for (let i = 0; i < CLIENTS; i++) {
    const isOver = /^(download_ended|request_refused)$/;
    await service.nextLine(
      ({ message, subject }) => isOver.test(message) && String(subject).startsWith("gone-"),
    );
  }
  expect((await metrics())("ziplink_active_downloads")).toBe(0);
  // Every slot is free again.
  const again = await crowd();
  expect(again.filter(({ status }) => status === 200)).toHaveLength(CLIENTS);
  for (const { body } of again) body.destroy();
}, 180_000);
