import { brotliDecompressSync } from "node:zlib";
import { expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { signLink } from "../../../core/links/link.ts";
import { appOf } from "../../support/apps.ts";
import { linkSecret as secret } from "../../support/secrets.ts";

/** Ten thousand photos of twenty years, of plausible sizes and the names that cameras give. */
function photos(): Record<string, Uint8Array> {
  const buffer = new ArrayBuffer(40_000);
  let state = 1;
  return Object.fromEntries(
    Array.from({ length: 10_000 }, (_, i) => {
      state = (state * 48_271) % 2_147_483_647;
      const name = `${2000 + Math.floor(i / 500)} Garten/IMG_${String(i).padStart(4, "0")}.JPG`;
      return [name, new Uint8Array(buffer, 0, 3_000 + (state % 36_000))];
    }),
  );
}

test("10,000 files take at most 120 KB, as a page and as JSON", async () => {
  const { get } = appOf(createMemorySource(photos()), { cacheSeconds: 60 });
  const token = await signLink({ prefix: "" }, { secret, expires: new Date(Date.now() + 60_000) });
  const headers = { "Accept-Encoding": "gzip, deflate, br, zstd" };
  for (const path of [`/d/${token}`, `/zip/${token}?format=json`]) {
    const response = await get(path, { headers });
    expect(response.headers.get("Content-Encoding")).toBe("br");
    expect(response.headers.get("Vary")).toContain("Accept-Encoding");
    const bytes = new Uint8Array(await response.arrayBuffer());
    expect(bytes.length).toBeLessThanOrEqual(120_000);
    expect(brotliDecompressSync(bytes).toString()).toContain("IMG_9999.JPG");
    const head = await get(path, { method: "HEAD", headers });
    expect(head.headers.get("Content-Encoding")).toBe("br");
    expect(await head.text()).toBe("");
  }
});
