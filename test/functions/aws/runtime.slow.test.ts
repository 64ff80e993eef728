import { execFile } from "node:child_process";
import { mkdir, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createFsSource } from "../../../adapters/fs/source.ts";
import { signLink } from "../../../core/links/link.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { buildBundle } from "../../../scripts/build/bundle.ts";
import { patterned, sha256 } from "../../support/bytes.ts";
import { download, open } from "../../support/download.ts";
import { startHeldServer } from "../../support/held-server.ts";
import { describeWithRuntimeClient } from "../../support/lambda/describe.ts";
import { type LambdaService, startLambda } from "../../support/lambda/lambda-service.ts";
import type { StreamedResponse } from "../../support/lambda/runtime-api.ts";
import { linkSecret as secret } from "../../support/secrets.ts";
import { makeFolder, removeFolder } from "../../support/temporary-folder.ts";

const MiB = 1024 * 1024;

/** Default limit of one response, in bytes. */
const SLICE = 190 * MiB;

describeWithRuntimeClient("the bundle for Lambda, as its Runtime API sees it", () => {
  let folder: string;
  let bundle: string;
  let files: string;
  let lambda: LambdaService;

  const run = (env: Record<string, string>) =>
    startLambda({
      folder: bundle,
      env: { LINK_SECRET: secret, CLIENT_STALL_SECONDS: "2", ...env },
    });
  const link = (key: string) =>
    signLink({ entries: [{ key }] }, { secret, expires: new Date(Date.now() + 3_600_000) });
  const eventOf = async (key: string, headers: Record<string, string> = {}, method = "GET") => ({
    version: "2.0",
    rawPath: `/zip/${await link(key)}`,
    headers: { host: "localhost", ...headers },
    requestContext: { http: { method } },
  });
  const read = async ({ body }: StreamedResponse) => {
    const chunks: Buffer[] = [];
    for await (const chunk of body) chunks.push(chunk);
    return Buffer.concat(chunks);
  };
  const layoutOf = async (key: string) =>
    layoutZip(await planArchive({ entries: [{ key }] }, createFsSource({ root: files })));

  beforeAll(async () => {
    folder = await makeFolder();
    bundle = join(folder, "aws");
    await buildBundle("aws", bundle);
    files = join(folder, "files");
    await mkdir(files);
    await writeFile(join(files, "small"), patterned(1000));
    await writeFile(join(files, "big"), patterned(32 * MiB));
    for (const [name, length] of [
      ["long", SLICE + 10 * MiB],
      ["endless", 4096 * MiB],
    ] as const) {
      await writeFile(join(files, name), "");
      await truncate(join(files, name), length); // sparse
    }
    lambda = await run({ SOURCE: files });
  });

  afterAll(async () => {
    await lambda.stop();
    await removeFolder(folder);
  });

  test("HEAD, 206, 304, 416 and 400, each with its headers and a clean end", async () => {
    const { etag, length } = await layoutOf("small");
    const head = await lambda.invoke(await eventOf("small", {}, "HEAD"));
    expect(head.prelude).toMatchObject({
      statusCode: 200,
      headers: { etag, "content-length": String(length), "content-type": "application/zip" },
    });
    expect(await read(head)).toHaveLength(0);

    const part = await lambda.invoke(await eventOf("small", { range: "bytes=10-19" }));
    expect(part.prelude).toMatchObject({
      statusCode: 206,
      headers: { "content-range": `bytes 10-19/${length}` },
    });
    expect(await read(part)).toHaveLength(10);

    const same = await lambda.invoke(await eventOf("small", { "if-none-match": etag }));
    expect(same.prelude).toMatchObject({ statusCode: 304, headers: { etag } });
    expect(await read(same)).toHaveLength(0);

    const beyond = await lambda.invoke(await eventOf("small", { range: `bytes=${length}-` }));
    expect(beyond.prelude).toMatchObject({ statusCode: 416 });
    await read(beyond);

    const none = await lambda.invoke({ Records: [] });
    expect(none.prelude).toMatchObject({ statusCode: 400 });
    expect(JSON.parse((await read(none)).toString())).toMatchObject({ code: "malformed" });
    expect(lambda.pids()).toHaveLength(1);
  });

  test("413 states the slice, a longer range is cut to it, and `get` joins slices", async () => {
    const { length } = await layoutOf("long");
    const whole = await lambda.invoke(await eventOf("long"));
    expect(whole.prelude).toMatchObject({ statusCode: 413 });
    expect(JSON.parse((await read(whole)).toString())).toMatchObject({
      code: "too_large",
      slice: SLICE,
      total: length,
    });
    const cut = await open(`${lambda.url}/zip/${await link("long")}`, {
      headers: { Range: "bytes=5-" },
    });
    expect(cut.status).toBe(206);
    expect(cut.headers["content-range"]).toBe(`bytes 5-${SLICE + 4}/${length}`);
    cut.body.destroy();

    const target = join(folder, "long.zip");
    const ziplink = join(import.meta.dirname, "../../../scripts/ziplink.ts");
    const url = `${lambda.url}/zip/${await link("long")}`;
    // `get` verifies the file's checksums, and fails if one is wrong.
    await promisify(execFile)(process.execPath, [ziplink, "get", url, "--output", target]);
    expect((await stat(target)).size).toBe(length);
  });

  test("sends available bytes while it waits for more", async () => {
    const objects = { first: patterned(200_000), second: patterned(300_000).reverse() };
    const server = await startHeldServer(objects, ["second"]);
    const service = await run({ SOURCE: server.base });
    try {
      const entries = [{ key: "first" }, { key: "second" }];
      const token = await signLink({ entries }, { secret, expires: new Date(Date.now() + 60_000) });
      const { body } = await open(`${service.url}/zip/${token}`);
      let got = Buffer.alloc(0);
      let isReleased = false;
      for await (const chunk of body) {
        got = Buffer.concat([got, chunk as Buffer]);
        // The first entry arrives while the next is held back, except for bytes that may share a chunk with it.
        if (isReleased || !got.includes(objects.first.subarray(0, 100_000))) continue;
        expect(got.includes(objects.second)).toBe(false);
        isReleased = true;
        server.release("second");
      }
      expect(got.includes(objects.second)).toBe(true);
    } finally {
      await service.stop();
      await server.stop();
    }
  });

  test("uses little memory for a reader that stalls, and stops", async () => {
    const service = await run({ SOURCE: files, MAX_RESPONSE_BYTES: "100_000_000_000" });
    try {
      await read(await service.invoke(await eventOf("big")));
      const before = await service.residentBytes();
      const stalled = await service.invoke(await eventOf("endless"));
      const ended = await service.nextLine(
        ({ message, outcome }) => message === "download_ended" && outcome === "stalled",
      );
      // Of 4 GiB, only the contents of the connections' buffers, which the system sizes.
      expect(ended.sent).toBeLessThan(64 * MiB);
      expect((await service.residentBytes()) - before).toBeLessThan(32 * MiB);
      await expect(read(stalled)).rejects.toThrow();
      expect(await service.openFilesBelow(files)).toBe(0);
    } finally {
      await service.stop();
    }
  });

  test("breaks the response off if a file is cut short, and keeps serving in the same process", async () => {
    const service = await run({ SOURCE: files });
    const file = join(files, "cut");
    await writeFile(file, patterned(64 * MiB));
    try {
      const warm = await service.invoke(await eventOf("small"));
      const expected = await read(warm);
      const response = await service.invoke(await eventOf("cut"));
      expect(response.prelude.statusCode).toBe(200);
      await truncate(file, 32 * MiB);
      let bytes = 0;
      let tail = Buffer.alloc(0);
      const reading = (async () => {
        for await (const chunk of response.body) {
          bytes += chunk.length;
          tail = Buffer.concat([tail, chunk]).subarray(-1000);
        }
      })();
      // The connection breaks: no regular end, and no error in the trailers, which some clients overlook.
      await expect(reading).rejects.toMatchObject({ code: "ECONNRESET" });
      expect(bytes).toBeLessThan(33 * MiB);
      expect(tail.includes("PK\x01\x02")).toBe(false);
      const again = await read(await service.invoke(await eventOf("small")));
      expect(sha256(again)).toBe(sha256(expected));
      expect(service.pids()).toHaveLength(1);
      expect(service.isRunning()).toBe(true);
    } finally {
      await service.stop();
    }
  });

  test("survives a Runtime API that breaks the response off", async () => {
    const service = await run({ SOURCE: files });
    try {
      const response = await service.invoke(await eventOf("big"));
      response.destroy();
      await service.nextLine(({ outcome }) => outcome === "aborted");
      expect((await download(`${service.url}/healthz`)).status).toBe(200);
      expect(service.pids()).toHaveLength(1);
      expect(service.isRunning()).toBe(true);
    } finally {
      await service.stop();
    }
  });

  test("answers 504 if no time is left", async () => {
    const late = await lambda.invoke(await eventOf("small"), 5_000);
    expect(late.prelude.statusCode).toBe(504);
    expect(JSON.parse((await read(late)).toString())).toMatchObject({ code: "timeout" });
  });

  test("stops before the deadline, and breaks the response off", async () => {
    const service = await run({ SOURCE: files, CLIENT_STALL_SECONDS: "60" });
    try {
      // Loads what a first archive needs, so that the next one begins well before its time is up.
      await read(await service.invoke(await eventOf("small")));
      await service.nextLine(({ message }) => message === "download_ended");
      const stalled = await service.invoke(await eventOf("big"), 8_000);
      expect(stalled.prelude.statusCode).toBe(200);
      const ended = await service.nextLine(({ message }) => message === "download_ended");
      expect(ended).toMatchObject({ outcome: "failed", failure: { code: "timeout" } });
      await expect(read(stalled)).rejects.toThrow();
      expect((await download(`${service.url}/healthz`)).status).toBe(200);
      expect(service.pids()).toHaveLength(1);
    } finally {
      await service.stop();
    }
  });
});
