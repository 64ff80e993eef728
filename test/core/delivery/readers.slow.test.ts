import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { createDeliveryBed } from "../../support/delivery-bed.ts";
import { readers } from "../../support/readers.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { describeWithTools } from "../../support/tools.ts";

/** An archive that was delivered in many parts, with entries of every kind. */
async function delivered() {
  const bed = createDeliveryBed({ tools: { partBytes: 100_000, maxBytes: 1e9 } });
  bed.objects.put("empty.txt", "");
  bed.objects.put("folder/", "");
  bed.objects.put("folder/Ümläut 日本.txt", "names");
  bed.objects.put("large.bin", patterned(3_000_000, 1));
  bed.objects.put("larger.bin", patterned(5_000_001, 2));
  for (let i = 0; i < 300; i++) bed.objects.put(`small/${i}`, patterned(i * 11, i));
  const { status } = await bed.deliver({ kind: "archive", spec: { prefix: "" } });
  expect(status).toBe("completed");
  const bytes = (await bed.read()) ?? Buffer.alloc(0);
  const path = join(await temporaryFolder(), "delivered.zip");
  await writeFile(path, bytes);
  return { path, bytes, bed };
}

describe("a delivered archive", () => {
  test("is the one that a link of the same plan gives", async () => {
    const { bytes, bed } = await delivered();
    const plan = await planArchive({ prefix: "", headerCrc: "always" }, bed.objects);
    expect((await collect(streamZip(plan, bed.objects))).equals(bytes)).toBe(true);
  });

  for (const reader of readers) {
    describeWithTools(`read by ${reader.name}`, reader.needs, () => {
      test("has nothing to complain of", async () => {
        const { path } = await delivered();
        await reader.test(path);
        await reader.extract(path, await temporaryFolder());
      });
    });
  }
});
