import { writeFile } from "node:fs/promises";
import { expect, onTestFinished, test } from "vitest";
import { createFsObjectStore, createFsSource } from "../../../adapters/fs/index.ts";
import { crc32 } from "../../../core/bytes/crc32.ts";
import { createCrcStore } from "../../../core/crc/crc-store.ts";
import { signLink } from "../../../core/links/link.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { verifyZip } from "../../../scripts/get/verify-zip.ts";
import { patterned } from "../../support/bytes.ts";
import { download } from "../../support/download.ts";
import { linkSecret as secret } from "../../support/secrets.ts";
import { startService } from "../../support/service-process.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";

test("a wrong checksum in CRC_STORE is corrected, counted and logged without names", async () => {
  const root = await temporaryFolder();
  const checksums = await temporaryFolder();
  const content = patterned(9_000_000);
  await writeFile(`${root}/private-name.bin`, content);
  const { etag } = layoutZip(await planArchive({ prefix: "" }, createFsSource({ root })));
  const store = createCrcStore(createFsObjectStore({ root: checksums }), Buffer.from(secret));
  await store.save(etag, new Map([[0, (crc32(content) ^ 1) >>> 0]]));

  const metricsToken = "m".repeat(32);
  const service = await startService("functions/node.ts", {
    LINK_SECRET: secret,
    SOURCE: root,
    CRC_STORE: checksums,
    METRICS: "true",
    METRICS_TOKEN: metricsToken,
  });
  onTestFinished(async () => void (await service.stop()));
  const terms = { secret, expires: new Date(Date.now() + 60_000) };
  const url = `${service.url}/zip/${await signLink({ prefix: "" }, terms)}`;
  const { bytes, complete } = await download(url);
  expect(complete).toBe(true);
  const read = async (start: number, end: number) => bytes.subarray(start, end);
  expect(await verifyZip(bytes.length, read)).toBe(1);

  const headers = { Authorization: `Bearer ${metricsToken}` };
  const metrics = async () => (await download(`${service.url}/metrics`, { headers })).bytes;
  // Counted once the download has ended, which the client may know a little earlier.
  while (!(await metrics()).includes("\nziplink_crc_contradictions_total 1\n"));
  await service.stop();
  expect(await store.load(etag)).toEqual(new Map([[0, crc32(content)]]));
  const line = service
    .output()
    .split("\n")
    .find((text) => text.includes("crc_contradicted"));
  expect(JSON.parse(line ?? "{}")).toMatchObject({ severity: "WARNING", entries: 1 });
  expect(service.output()).not.toContain("private-name");
});
