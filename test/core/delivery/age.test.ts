import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createMemoryStateStore } from "../../../adapters/memory/state-store.ts";
import {
  AGE_CHUNK_BYTES,
  ageLength,
  agePosition,
  createAgeHeader,
  encryptAge,
} from "../../../core/delivery/age.ts";
import { createSealedHeaders } from "../../../core/delivery/age-headers.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { collect, patterned } from "../../support/bytes.ts";
import { createDeliveryBed } from "../../support/delivery-bed.ts";
import { temporaryFolder } from "../../support/temporary-folder.ts";
import { describeWithTools, runTool } from "../../support/tools.ts";

const RECIPIENT = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";

describe("age", () => {
  test.each([
    "",
    "age1",
    "AGE1QL3Z7",
    `${RECIPIENT.slice(0, -1)}q`,
    `${RECIPIENT}q`,
    "ssh-rsa AAAA",
  ])("refuses the recipient %j", (recipient) => {
    expect(() => createAgeHeader([recipient])).toThrow(ZiplinkError);
  });

  test("any cut gives the bytes of the whole", () => {
    const header = createAgeHeader([RECIPIENT]);
    for (const length of [0, 1, AGE_CHUNK_BYTES, AGE_CHUNK_BYTES + 1, 3 * AGE_CHUNK_BYTES]) {
      const plain = patterned(length);
      const whole = Buffer.alloc(ageLength(header, length));
      encryptAge(header, plain, 0, length, whole);
      for (let cut = 0; cut < length; cut += AGE_CHUNK_BYTES) {
        const start = agePosition(header, cut, length);
        const end = agePosition(header, Math.min(cut + AGE_CHUNK_BYTES, length), length);
        const part = Buffer.alloc(end - start);
        encryptAge(header, plain.subarray(cut, cut + AGE_CHUNK_BYTES), cut, length, part);
        expect(part.equals(whole.subarray(start, end))).toBe(true);
      }
    }
  });

  test("a header opens with the secret and for the delivery that it was sealed for alone", () => {
    const headers = createSealedHeaders(Buffer.alloc(32, "a"));
    const sealed = headers.create("one", [RECIPIENT]);
    expect(headers.open("one", sealed).payloadKey).toHaveLength(32);
    expect(() => headers.open("two", sealed)).toThrow(/another secret/);
    const others = createSealedHeaders(Buffer.alloc(32, "b"));
    expect(() => others.open("one", sealed)).toThrow(/another secret/);
  });
});

describeWithTools("age -d", ["age", "age-keygen"], () => {
  /** A key, and what opens what is encrypted for it. */
  async function makeKey() {
    const folder = await temporaryFolder();
    const key = join(folder, "key.txt");
    await runTool({ program: "age-keygen", args: ["-o", key] }, {}, ({ code }) => code === 0);
    const [recipient = ""] = /age1[a-z0-9]+/.exec(await readFile(key, "utf8")) ?? [];
    const open = async (bytes: Buffer) => {
      const [sealed, plain] = [join(folder, "x.age"), join(folder, "x")];
      await writeFile(sealed, bytes);
      await runTool({ program: "age", args: ["-d", "-i", key, "-o", plain, sealed] });
      return readFile(plain).catch(() => Buffer.alloc(0)); // it makes no file of no bytes
    };
    return { recipient, open };
  }

  test("opens what is encrypted for several recipients, of any length", async () => {
    const one = await makeKey();
    const two = await makeKey();
    const header = createAgeHeader([one.recipient, two.recipient]);
    for (const length of [0, 1, 65_535, 65_536, 65_537, 300_000]) {
      const plain = patterned(length);
      const sealed = Buffer.alloc(ageLength(header, length));
      encryptAge(header, plain, 0, length, sealed);
      for (const { open } of [one, two]) expect((await open(sealed)).equals(plain)).toBe(true);
    }
  });

  test("opens a delivery that was killed and went on in another process", async () => {
    const { recipient, open } = await makeKey();
    const store = createMemoryStateStore();
    let left = 3;
    const dying = Promise.withResolvers<void>();
    const bed = createDeliveryBed({
      store,
      tools: { partBytes: 2 * AGE_CHUNK_BYTES },
      destination: (made) => ({
        ...made,
        async putPart(upload, place, bytes, signal) {
          if (left-- <= 0) {
            dying.resolve();
            // A process that is killed answers nobody any more.
            await new Promise((_, reject) => {
              if (signal?.aborted) reject(signal.reason);
              signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
            });
          }
          return made.putPart(upload, place, bytes, signal);
        },
      }),
    });
    bed.objects.put("large", patterned(700_000, 1));
    bed.objects.put("small", "small");
    const request = {
      kind: "archive",
      spec: { prefix: "" },
      encrypt: { age: [recipient] },
    } as const;
    const id = await bed.begin(request);
    await dying.promise;
    await bed.deliveries.close();
    left = Infinity;
    const other = bed.another();
    await other.resume(id, "caller");
    await other.ended(id);
    const delivery = await other.get(id, "caller");
    expect(delivery).toMatchObject({ status: "completed", result: { checksums: {} } });
    const plan = await planArchive({ prefix: "", headerCrc: "always" }, bed.objects);
    const whole = await collect(streamZip(plan, bed.objects));
    expect((await open((await bed.read()) ?? Buffer.alloc(0))).equals(whole)).toBe(true);
    // The key of it is nowhere in the state as it is.
    for await (const name of store.list("")) {
      expect(Buffer.from((await store.get(name))?.bytes ?? []).toString()).not.toContain("age-enc");
    }
  });
});
