import { once } from "node:events";
import { mkdir, open as openFile, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createFsSource } from "../../adapters/fs/source.ts";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { streamZip } from "../../core/stream-zip.ts";
import { callerToken, post } from "../support/api-client.ts";
import { collect, patterned } from "../support/bytes.ts";
import { type Downloaded, download, open } from "../support/download.ts";
import { apiSecret, linkSecret as secret } from "../support/secrets.ts";
import type { ServiceProcess } from "../support/service-process.ts";
import { makeFolder, removeFolder } from "../support/temporary-folder.ts";
import { LEFT } from "./entrypoint.ts";

const json = ({ bytes }: Downloaded) => JSON.parse(bytes.toString()) as Record<string, unknown>;

/**
 * Describes how every entrypoint handles requests that have a body, over real HTTP: platforms pass
 * bodies on in their own ways. `start` runs the entrypoint with the given settings.
 */
export function describeApi(
  name: string,
  start: (env: Record<string, string>) => Promise<ServiceProcess>,
): void {
  describe(`entrypoint contract, API: ${name}`, () => {
    let folder: string;
    let service: ServiceProcess;
    const token = callerToken(apiSecret, ["a/"]);
    const request = { name: "Ünterlagen", entries: [{ key: "a/1.txt" }, { key: "a/geheim.bin" }] };

    beforeAll(async () => {
      folder = await makeFolder();
      await mkdir(join(folder, "a"));
      await writeFile(join(folder, "a/1.txt"), "one");
      await writeFile(join(folder, "a/geheim.bin"), patterned(3_000_000));
      await mkdir(join(folder, "a/big"));
      await (await openFile(join(folder, "a/big/geheim2.bin"), "w")).close();
      await truncate(join(folder, "a/big/geheim2.bin"), 1_000_000_000); // sparse
      service = await start({
        SOURCE: folder,
        LINK_SECRET: secret,
        API_SECRET: apiSecret,
        MAX_BODY_BYTES: "10_000",
      });
    });

    afterAll(async () => {
      await service.stop();
      await removeFolder(folder);
    });

    const expectedBytes = async () => {
      const source = createFsSource({ root: folder });
      return collect(streamZip(await planArchive(request, source), source));
    };

    test("POST /zip sends the archive", async () => {
      const response = await post(`${service.url}/zip`, token, request);
      expect(response.status).toBe(200);
      expect(response.complete).toBe(true);
      expect(response.bytes.equals(await expectedBytes())).toBe(true);
      expect(response.headers).toMatchObject({
        "content-type": "application/zip",
        "content-length": String(response.bytes.length),
        "accept-ranges": "none",
        "cache-control": "private, no-store",
      });
      expect(response.headers["content-disposition"]).toContain("%C3%9Cnterlagen.zip");
      const line = await service.nextLine(({ message }) => message === "download_ended");
      expect(line).toMatchObject({ subject: "caller-1", entries: 2, outcome: "completed" });
    });

    test("POST /links creates a link that opens", async () => {
      const response = await post(`${service.url}/links`, token, request);
      expect(response.status).toBe(201);
      const link = json(response);
      expect(link).toEqual({
        url: expect.stringMatching(`^${service.url}/zip/[\\w.-]+/%C3%9Cnterlagen\\.zip$`),
        page: expect.stringMatching(`^${service.url}/d/[\\w.-]+$`),
        expires: expect.stringMatching(/^\d{4}-.*Z$/),
        entries: 2,
        bytes: 3_000_003,
      });
      expect(response.headers.location).toBe(link.url);
      expect(response.headers["cache-control"]).toBe("no-store");
      const archive = await download(String(link.url));
      expect(archive.bytes.equals(await expectedBytes())).toBe(true);
    });

    test("closes everything when the client disconnects", async () => {
      const response = await open(`${service.url}/zip`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: JSON.stringify({ entries: [{ key: "a/big/geheim2.bin" }] }),
      });
      expect(response.status).toBe(200);
      await once(response.body, "readable");
      expect(await service.openFilesBelow(folder)).toBe(1);
      response.body.destroy();
      const line = await service.nextLine(
        ({ message, outcome }) => message === "download_ended" && outcome !== "completed",
      );
      expect(line).toMatchObject({
        subject: "caller-1",
        outcome: expect.stringMatching(LEFT),
      });
      expect(await service.openFilesBelow(folder)).toBe(0);
    });

    test("a body may be chunked", async () => {
      const text = JSON.stringify(request);
      const response = await download(`${service.url}/links`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
        body: [text.slice(0, 20), text.slice(20)],
      });
      expect(response.status).toBe(201);
    });

    test.each(["with its length", "in chunks"])(
      "a body that is too long is refused, %s",
      async (how) => {
        const text = JSON.stringify({ ...request, name: "x".repeat(1_000_000) });
        const response = await download(`${service.url}/zip`, {
          method: "POST",
          headers: { "Content-Type": "application/json", Authorization: `Bearer ${token}` },
          body: how === "in chunks" ? [text] : text,
        });
        expect(response.status).toBe(413);
        expect(response.complete).toBe(true);
        expect(json(response)).toMatchObject({ code: "too_large", limit: 10_000 });
      },
    );

    test.each<[string, Buffer | string]>([
      ["cut off", '{"entries":[{"key":"a/geheim.bin"}'],
      ["not UTF-8", Buffer.from('{"prefix":"a/geheim\xff"}', "latin1")],
      ["nothing", ""],
    ])("a body that is not JSON is refused: %s", async (_, body) => {
      const headers = { "Content-Type": "application/json", Authorization: `Bearer ${token}` };
      const response = await download(`${service.url}/links`, { method: "POST", headers, body });
      expect(response.status).toBe(400);
      expect(json(response)).toMatchObject({ code: "malformed", field: "body" });
    });

    test("a body of another type is refused", async () => {
      for (const headers of [
        { "Content-Type": "text/plain" },
        { "Content-Type": "application/x-www-form-urlencoded" },
        { "Content-Type": "application/json", "Content-Encoding": "gzip" },
      ]) {
        const response = await post(`${service.url}/zip`, token, request, headers);
        expect(response.status).toBe(415);
        expect(json(response).code).toBe("unsupported_media_type");
      }
    });

    test("the body of an unauthenticated request is not read", async () => {
      for (const body of [request, { bad: "x".repeat(2_000_000) }]) {
        const response = await post(`${service.url}/links`, undefined, body);
        expect(response.status).toBe(401);
        expect(response.complete).toBe(true);
        expect(response.headers["www-authenticate"]).toBe("Bearer");
      }
    });

    test.each<[string, number, unknown, string | undefined]>([
      ["no body", 400, undefined, "body"],
      ["another value", 400, ["a/1.txt"], "body"],
      ["an unknown field", 400, { ...request, colour: "red" }, "colour"],
      ["another folder", 403, { prefix: "b/" }, undefined],
      ["a missing object", 404, { entries: [{ key: "a/geheim3" }] }, undefined],
    ])("%s: %i", async (_, status, body, field) => {
      for (const path of ["/zip", "/links"]) {
        const response = await post(service.url + path, token, body ?? undefined);
        expect(response.status, path).toBe(status);
        expect(response.headers["content-type"]).toBe("application/problem+json");
        expect(json(response).field).toBe(field);
      }
    });

    test("other methods are not allowed", async () => {
      for (const path of ["/zip", "/links"]) {
        for (const method of ["GET", "HEAD", "PUT", "DELETE", "OPTIONS"]) {
          const response = await download(service.url + path, { method });
          expect(response.status, `${method} ${path}`).toBe(405);
          expect(response.headers.allow).toBe("POST");
        }
      }
    });

    test("without callers, there are no routes for POST", async () => {
      const bare = await start({ SOURCE: folder, LINK_SECRET: secret });
      try {
        for (const path of ["/zip", "/links"]) {
          expect((await post(bare.url + path, token, request)).status).toBe(404);
        }
      } finally {
        await bare.stop();
      }
    });

    test("has logged no key, name, folder, token, secret or stack", () => {
      const written = service.output();
      expect(written).toContain("link_created");
      for (const text of ["geheim", "1.txt", "nterlagen", apiSecret, secret, token, "    at "]) {
        expect(written).not.toContain(text);
      }
    });
  });
}
