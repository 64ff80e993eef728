import { once } from "node:events";
import { cp, mkdir, open as openFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFsSource } from "../../adapters/fs/source.ts";
import { signLink } from "../../core/links/link.ts";
import type { ArchiveSpec } from "../../core/planning/archive-spec.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { streamZip } from "../../core/stream-zip.ts";
import { layoutZip } from "../../core/zip/layout.ts";
import { collect, patterned, sha256 } from "../support/bytes.ts";
import { download, open, readToEnd } from "../support/download.ts";
import { linkSecret as secret } from "../support/secrets.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import { makeFolder, removeFolder } from "../support/temporary-folder.ts";
import { describeRefusals } from "./entrypoint-refusals.ts";

const sample = join(import.meta.dirname, "../../examples/sample-files");

const MiB = 1024 * 1024;

/** Names that must never appear in a log. */
const PRIVATE_NAMES = ["Gartenplan", "Kiefer", "geheim", "medical"];

/** How a download ends whose client has left. On Lambda, all that shows is that the client takes nothing. */
export const LEFT = /^(?:aborted|stalled)$/;

/** Creates a separate token for each use, so that the link's id identifies its audit lines. */
const link = (request: ArchiveSpec) =>
  signLink(request, { secret, expires: new Date(Date.now() + 3_600_000), subject: "user-3" });

function idOf(token: string): string {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString()).jti;
}

/**
 * Describes the behavior of every entrypoint, over real HTTP and in a separate process. `start`
 * runs the entrypoint with the given settings; `compresses` says whether its platform sends content codings.
 */
export function describeEntrypoint(
  name: string,
  start: (env: Record<string, string>) => Promise<ServiceProcess>,
  { compresses = true }: { readonly compresses?: boolean } = {},
): void {
  describe(`entrypoint contract: ${name}`, () => {
    let folder: string;
    let service: ServiceProcess;

    beforeAll(async () => {
      folder = await makeFolder();
      await cp(sample, join(folder, "sample"), { recursive: true, preserveTimestamps: true });
      await mkdir(join(folder, "big"));
      await writeFile(join(folder, "big/geheim.bin"), patterned(64 * MiB));
      await mkdir(join(folder, "huge"));
      await (await openFile(join(folder, "huge/medical.bin"), "w")).close();
      await truncate(join(folder, "huge/medical.bin"), 4096 * MiB); // sparse
      service = await start({
        SOURCE: folder,
        LINK_SECRET: secret,
        MAX_ENTRIES: "20",
        MAX_BYTES: "5_000_000_000",
        CORS_ORIGINS: "https://app.example",
      });
    });

    afterAll(async () => {
      await service.stop();
      await removeFolder(folder);
    });

    const at = (token: string, rest = "") => `${service.url}/zip/${token}${rest}`;
    const audited = (token: string, event: string) =>
      service.nextLine(({ message, link: id }) => message === event && id === idOf(token));
    const ended = (token: string) => audited(token, "download_ended");

    async function expectedOf(request: ArchiveSpec) {
      const source = createFsSource({ root: folder });
      const plan = await planArchive(request, source);
      return { layout: layoutZip(plan), bytes: await collect(streamZip(plan, source)) };
    }

    test("is healthy", async () => {
      const response = await download(`${service.url}/healthz`);
      expect(response.status).toBe(200);
      expect(response.bytes.toString()).toBe("ok\n");
    });

    test("sends the archive, with the headers of a file", async () => {
      const request = { prefix: "sample/", name: "Gärten & Pläne" };
      const { layout, bytes } = await expectedOf(request);
      const token = await link(request);
      for (const rest of ["", "/anything.zip", "/G%C3%A4rten%20%2F.zip", "?x=1"]) {
        const response = await download(at(token, rest));
        expect(response.status).toBe(200);
        expect(response.complete).toBe(true);
        expect(sha256(response.bytes)).toBe(sha256(bytes));
        expect(response.headers).toMatchObject({
          "content-type": "application/zip",
          "content-length": String(bytes.length),
          etag: layout.etag,
          "accept-ranges": "bytes",
          "cache-control": "private, no-store",
          "x-content-type-options": "nosniff",
          "content-disposition": `attachment; filename="G?rten & Pl?ne.zip"; filename*=UTF-8''G%C3%A4rten%20%26%20Pl%C3%A4ne.zip`,
        });
        expect(new Date(response.headers["last-modified"] ?? "").getTime()).toBeGreaterThan(0);
        expect(response.headers["content-encoding"]).toBeUndefined();
      }
    });

    test("shows a page to people, and reveals its token to nobody", async () => {
      const token = await link({ prefix: "sample/" });
      const page = await download(`${service.url}/d/${token}`);
      expect(page.status).toBe(200);
      expect(page.headers).toMatchObject({
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": expect.stringContaining("default-src 'none'"),
        "referrer-policy": "no-referrer",
        "cache-control": "private, no-store",
      });
      expect(page.bytes.toString()).toContain("Pflanzenliste.json");
      const head = await download(`${service.url}/d/${token}`, { method: "HEAD" });
      expect([head.status, head.bytes.length]).toEqual([200, 0]);
      expect(await download(`${service.url}/d/nonsense`)).toMatchObject({ status: 401 });
      expect(await download(`${service.url}/d/${token}`, { method: "POST" })).toMatchObject({
        status: 405,
      });
      expect(service.output()).not.toContain(token);
    });

    test("sends a compressed archive without a length, and says so", async () => {
      const token = await link({ prefix: "sample/", compression: "deflate" });
      const response = await download(at(token));
      expect([response.status, response.complete]).toEqual([200, true]);
      const source = createFsSource({ root: folder });
      const plan = await planArchive({ prefix: "sample/", compression: "deflate" }, source);
      expect(sha256(response.bytes)).toBe(sha256(await collect(streamZip(plan, source))));
      const head = await download(at(token), { method: "HEAD" });
      for (const { headers } of [response, head]) {
        expect(headers).toMatchObject({
          "accept-ranges": "none",
          etag: `W/${layoutZip(plan).etag}`,
        });
        expect(headers["content-length"]).toBeUndefined();
      }
    });

    test("answers HEAD like GET, without a body", async () => {
      const token = await link({ prefix: "sample/" });
      const headers = { "X-Request-Id": "one-and-the-same" };
      const { date: _, ...get } = (await download(at(token), { headers })).headers;
      const response = await download(at(token), { method: "HEAD", headers });
      const { date: __, ...head } = response.headers;
      expect(response.status).toBe(200);
      expect(response.bytes).toHaveLength(0);
      expect(head).toEqual(get);
    });

    test("sends the requested range", async () => {
      const request = { prefix: "sample/" };
      const { layout, bytes } = await expectedOf(request);
      const token = await link(request);
      const response = await download(at(token), { headers: { Range: "bytes=100-199" } });
      expect(response.status).toBe(206);
      expect(response.headers["content-range"]).toBe(`bytes 100-199/${layout.length}`);
      expect(response.headers["content-length"]).toBe("100");
      expect(response.bytes.equals(bytes.subarray(100, 200))).toBe(true);
      const beyond = await download(at(token), { headers: { Range: `bytes=${layout.length}-` } });
      expect(beyond.status).toBe(416);
      expect(beyond.headers["content-range"]).toBe(`bytes */${layout.length}`);
      const stale = { Range: "bytes=100-", "If-Range": '"other"' };
      expect((await download(at(token), { headers: stale })).status).toBe(200);
      const same = { "If-None-Match": layout.etag };
      expect(await download(at(token), { headers: same })).toMatchObject({ status: 304 });
      const other = { "If-Match": '"other"' };
      expect(await download(at(token), { headers: other })).toMatchObject({ status: 412 });
    });

    test("sends a long archive in chunks if the platform requires it", async () => {
      const small = await start({ SOURCE: folder, LINK_SECRET: secret, MAX_FIXED_LENGTH: "1000" });
      try {
        const request = { prefix: "sample/" };
        const { layout, bytes } = await expectedOf(request);
        const response = await download(`${small.url}/zip/${await link(request)}`);
        expect(response.headers).toMatchObject({
          "transfer-encoding": "chunked",
          "ziplink-length": String(layout.length),
        });
        expect(response.headers["content-length"]).toBeUndefined();
        expect(response.bytes.equals(bytes)).toBe(true);
      } finally {
        await small.stop();
      }
    });

    test("describes the archive as JSON", async () => {
      const request = { prefix: "sample/Verwaltung/", name: "n" };
      const { layout } = await expectedOf(request);
      const response = await download(at(await link(request), "?format=json"));
      expect(response.status).toBe(200);
      expect(response.headers["content-type"]).toBe("application/json");
      const described = JSON.parse(response.bytes.toString());
      expect(described).toMatchObject({
        filename: "n.zip",
        length: layout.length,
        etag: layout.etag,
      });
      expect(described.entries.map(({ name }: { name: string }) => name)).toEqual([
        "Kiefer & Söhne.vcf",
        "Rechnung KS-2026-117.pdf",
        "Termine/Baubesprechungen.ics",
      ]);
      expect(response.bytes.toString()).not.toContain("sample/");
    });

    test("compresses descriptions and pages where the platform lets it, archives never", async () => {
      const token = await link({ prefix: "sample/Verwaltung/" });
      const headers = { "Accept-Encoding": "gzip, deflate, br" };
      for (const url of [at(token, "?format=json"), `${service.url}/d/${token}`]) {
        const response = await download(url, { headers });
        expect(response.status).toBe(200);
        expect(response.headers.vary).toContain("Accept-Encoding");
        expect(response.headers["content-encoding"]).toBe(compresses ? "br" : undefined);
        const text = compresses ? brotliDecompressSync(response.bytes) : response.bytes;
        expect(text.toString()).toContain("Baubesprechungen.ics");
      }
      expect((await download(at(token), { headers })).headers["content-encoding"]).toBeUndefined();
    });

    describeRefusals({
      urlOf: (path) => service.url + path,
      output: () => service.output(),
      link,
      audited,
    });

    test("pages of the allowed origins may fetch archives", async () => {
      const url = at(await link({ prefix: "sample/" }));
      const preflight = await download(url, {
        method: "OPTIONS",
        headers: {
          Origin: "https://app.example",
          "Access-Control-Request-Method": "GET",
          "Access-Control-Request-Headers": "range",
        },
      });
      expect(preflight.status).toBe(204);
      expect(preflight.headers["access-control-allow-origin"]).toBe("https://app.example");
      const allowed = await download(url, { headers: { Origin: "https://app.example" } });
      expect(allowed.headers["access-control-allow-origin"]).toBe("https://app.example");
      expect(allowed.headers["access-control-expose-headers"]).toContain("Content-Length");
      const other = await download(url, { headers: { Origin: "https://evil.example" } });
      expect(other.headers["access-control-allow-origin"]).toBeUndefined();
    });

    test("writes a line when a download starts and one when it ends", async () => {
      const { layout } = await expectedOf({ prefix: "big/" });
      const token = await link({ prefix: "big/" });
      await download(at(token), { headers: { Range: "bytes=5-9" } });
      const common = {
        severity: "INFO",
        subject: "user-3",
        entries: 1,
        length: layout.length,
        range: { start: 5, end: 10 },
      };
      expect(await audited(token, "download_started")).toMatchObject(common);
      const line = await ended(token);
      expect(line).toMatchObject({ ...common, outcome: "completed", sent: 5 });
      expect(line.durationMs).toBeTypeOf("number");
    });

    test("closes everything when the client disconnects", async () => {
      const token = await link({ prefix: "big/" });
      const { body } = await open(at(token));
      await once(body, "readable");
      expect(await service.openFilesBelow(folder)).toBe(1);
      body.destroy();
      const line = await ended(token);
      expect(line.outcome).toMatch(LEFT);
      expect(line.sent).toBeLessThan(64 * MiB);
      expect(await service.openFilesBelow(folder)).toBe(0);
    });

    test("holds little memory for clients that stall", async () => {
      await download(at(await link({ prefix: "big/" }))); // warm
      const before = await service.residentBytes();
      const tokens = await Promise.all(Array.from({ length: 8 }, () => link({ prefix: "huge/" })));
      const stalled = await Promise.all(tokens.map((token) => open(at(token))));
      for (const { body } of stalled) await once(body, "readable");
      // Another complete download, while eight wait for their clients.
      expect((await download(at(await link({ prefix: "big/" })))).complete).toBe(true);
      expect((await service.residentBytes()) - before).toBeLessThan(128 * MiB); // of 32 GiB
      for (const { body } of stalled) body.destroy();
      for (const token of tokens) expect((await ended(token)).outcome).toMatch(LEFT);
      expect(await service.openFilesBelow(folder)).toBe(0);
    });

    test("breaks off a client that takes nothing, which can then resume", async () => {
      const impatient = await start({
        SOURCE: folder,
        LINK_SECRET: secret,
        CLIENT_STALL_SECONDS: "1",
      });
      try {
        const token = await link({ prefix: "huge/" });
        const stalled = await open(`${impatient.url}/zip/${token}`);
        const line = await impatient.nextLine(({ message }) => message === "download_ended");
        expect(line).toMatchObject({ severity: "INFO", outcome: "stalled", link: idOf(token) });
        expect(await impatient.openFilesBelow(folder)).toBe(0);
        const { complete, bytes } = await readToEnd(stalled);
        expect(complete).toBe(false);
        const headers = { Range: `bytes=${bytes.length}-${bytes.length + 9}` };
        const rest = await download(`${impatient.url}/zip/${token}`, { headers });
        expect(rest).toMatchObject({ status: 206, complete: true });
        expect(rest.headers.etag).toBe(stalled.headers.etag);
      } finally {
        await impatient.stop();
      }
    });

    test("breaks the connection if a file is truncated while it is sent", async () => {
      const file = join(folder, "big/geheim.bin");
      const token = await link({ prefix: "big/" });
      const response = await open(at(token));
      await once(response.body, "readable");
      await truncate(file, 32 * MiB);
      // Closed, not reset: Chromium resumes by itself only after a close.
      response.body.socket.once("error", (error) => expect.unreachable(String(error)));
      const { complete, bytes } = await readToEnd(response);
      expect(complete).toBe(false);
      expect(bytes.length).toBeLessThan(Number(response.headers["content-length"]));
      expect(bytes.indexOf("PK\x01\x02"), "a central directory").toBe(-1);
      expect(await ended(token)).toMatchObject({
        severity: "WARNING",
        outcome: "failed",
        failure: { code: "changed" },
      });
      expect(await service.openFilesBelow(folder)).toBe(0);
      await writeFile(file, patterned(64 * MiB));
      // The process has survived and still serves.
      expect((await download(at(await link({ prefix: "big/" })))).complete).toBe(true);
    });

    test("has logged no key, name, folder, token or stack", async () => {
      expect(service.isRunning()).toBe(true);
      const written = service
        .output()
        .split("\n")
        .filter((line) => line.startsWith("{"))
        .join("\n");
      expect(written).toContain("download_ended");
      for (const secretText of [...PRIVATE_NAMES, "sample/", folder, secret, "eyJ", "    at "]) {
        expect(written).not.toContain(secretText);
      }
      const stray = service
        .output()
        .split("\n")
        .filter((line) => /error/i.test(line) && !line.startsWith("{"));
      expect(stray).toEqual([]);
    });
  });
}
