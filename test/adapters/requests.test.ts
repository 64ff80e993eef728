import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { planArchive } from "../../core/planning/plan-archive.ts";
import { keysOf, read } from "../support/source-contents.ts";
import { startGcsStore, startHttpStore, startS3Store } from "../support/store-stubs.ts";

const bytes = Buffer.from("0123456789");

test("of S3 are paid for by the requester, if that is set", async () => {
  for (const requesterPays of [false, true]) {
    const { source, objects, requests } = await startS3Store({ requesterPays });
    objects.set("a", { bytes });
    await keysOf(source);
    await read(source, await source.stat("a"));
    expect(requests.map(({ what }) => what)).toEqual(["list", "stat", "read"]);
    for (const { headers } of requests) {
      expect(headers["x-amz-request-payer"]).toBe(requesterPays ? "requester" : undefined);
      const signed = /SignedHeaders=([^,]*)/.exec(headers.authorization ?? "")?.[1]?.split(";");
      expect(signed?.includes("x-amz-request-payer")).toBe(requesterPays);
    }
  }
});

test("of Cloud Storage are paid for by a project, if that is set", async () => {
  for (const userProject of [undefined, "project-1"]) {
    const { source, objects, requests } = await startGcsStore({ userProject });
    objects.set("a", { bytes });
    await keysOf(source);
    await read(source, await source.stat("a"));
    expect(requests.map(({ what }) => what)).toEqual(["list", "stat", "read"]);
    for (const { query, what } of requests)
      expect(`${what} ${query.get("userProject")}`).toBe(`${what} ${userProject ?? null}`);
  }
});

test("of S3 ask for stored bytes, in a field that is not signed", async () => {
  const { source, objects, requests } = await startS3Store();
  objects.set("a", { bytes });
  await read(source, await source.stat("a"));
  for (const { headers, acceptEncoding } of requests) {
    expect(acceptEncoding).toBe("gzip");
    expect(headers.authorization).not.toContain("accept-encoding");
  }
});

test("of HTTP ask for bytes without a coding, as web servers code while they send", async () => {
  const { source, objects, requests } = await startHttpStore();
  objects.set("a", { bytes });
  await read(source, await source.stat("a"));
  for (const { acceptEncoding } of requests) expect(acceptEncoding).toBe("identity");
});

test("describe each listed object of S3, if that is set", async () => {
  const stored = gzipSync(bytes);
  for (const describesListed of [false, true]) {
    const { source, objects, requests } = await startS3Store({ describesListed });
    objects.set("a.html", { bytes: stored, contentEncoding: "gzip" });
    objects.set("b.html", { bytes });
    const { entries } = await planArchive({ prefix: "" }, source);
    const names = describesListed ? ["a.html.gz", "b.html"] : ["a.html", "b.html"];
    expect(entries.map(({ name }) => name)).toEqual(names);
    expect(requests).toHaveLength(describesListed ? 3 : 1);
  }
});
