import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { crc32 } from "../../../core/bytes/crc32.ts";
import type { BlobDestination } from "../../../core/delivery/blob-destination.ts";
import type { Deliveries } from "../../../core/delivery/deliveries.ts";
import {
  type DeliveryCommand,
  type DeliveryStatus,
  transitions,
} from "../../../core/delivery/delivery.ts";
import type { DeliveryRequest } from "../../../core/delivery/delivery-request.ts";
import { type ErrorCode, ZiplinkError } from "../../../core/errors.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { streamZip } from "../../../core/stream-zip.ts";
import { layoutZip } from "../../../core/zip/layout.ts";
import { collect, patterned, sha256 } from "../../support/bytes.ts";
import { createDeliveryBed, type DeliveryBed } from "../../support/delivery-bed.ts";
import { codeOf } from "../../support/error-codes.ts";
import { counting, failing } from "../../support/sources.ts";

const everything: DeliveryRequest = { kind: "archive", spec: { prefix: "" } };
const file = (expected: object = {}): DeliveryRequest => ({
  kind: "file",
  file: { key: "file", ...expected },
});

function fill({ objects }: Pick<DeliveryBed, "objects">): void {
  objects.put("a/large.bin", patterned(9_000, 1));
  objects.put("a/small.txt", "some text");
  objects.put("file", patterned(5_500, 2));
}

function bedOf(options: Parameters<typeof createDeliveryBed>[0] = {}): DeliveryBed {
  const bed = createDeliveryBed(options);
  fill(bed);
  return bed;
}

describe("an archive", () => {
  test("is delivered: the same bytes and ETag as a link of the same spec", async () => {
    const bed = bedOf();
    const delivery = await bed.deliver(everything);
    expect(delivery.status).toBe("completed");
    const plan = await planArchive({ prefix: "", headerCrc: "always" }, bed.objects);
    const whole = await collect(streamZip(plan, bed.objects));
    expect((await bed.read())?.equals(whole)).toBe(true);
    expect(delivery.result).toMatchObject({
      size: whole.length,
      etag: layoutZip(plan).etag,
      checksums: { crc32: crc32(whole).toString(16).padStart(8, "0") },
    });
    expect(await bed.uploads()).toBe(0);
    expect(bed.events.map(({ event }) => event)).toEqual(["delivery_started", "delivery_ended"]);
  });

  test("is read once and sent once", async () => {
    const source = counting(createDeliveryBed().objects);
    const bed = createDeliveryBed();
    fill(bed);
    const counted = counting(bed.objects);
    const sent: number[] = [];
    const again = createDeliveryBed({
      source: counted,
      destination: (made) => ({
        ...made,
        putPart(upload, place, bytes, signal) {
          sent.push(bytes.length);
          return made.putPart(upload, place, bytes, signal);
        },
      }),
    });
    const { result } = await again.deliver(everything);
    const read = counted.counts.opened.reduce((sum, { range }) => sum + range.end - range.start, 0);
    expect(read).toBe(9_000 + 9 + 5_500);
    expect(sent.reduce((a, b) => a + b, 0)).toBe(result?.size);
    expect(source.counts.open + counted.counts.open).toBe(0);
  });

  test("may be compressed: its parts are sent in order", async () => {
    const bed = bedOf();
    bed.objects.put("text", "words ".repeat(10_000));
    const request = { kind: "archive", spec: { prefix: "", compression: "deflate" } } as const;
    const delivery = await bed.deliver(request);
    expect(delivery.status).toBe("completed");
    const bytes = await bed.read();
    expect(bytes?.subarray(0, 2).toString()).toBe("PK");
    expect(delivery.result?.size).toBe(bytes?.length);
    expect(await bed.uploads()).toBe(0);
  });

  test("is not delivered if it is not the pinned one", async () => {
    const bed = bedOf();
    const spec = { prefix: "", etag: '"another"' };
    const { status, error } = await bed.deliver({ kind: "archive", spec });
    expect([status, error?.code]).toEqual(["failed", "precondition_failed"]);
  });
});

describe("a file", () => {
  const bytes = patterned(5_500, 2);
  const right = {
    sha256: sha256(bytes),
    md5: createHash("md5").update(bytes).digest("hex"),
    crc32: crc32(bytes),
    size: bytes.length,
  };

  test("is delivered with the checksums that were stated", async () => {
    const bed = bedOf();
    const delivery = await bed.deliver(file(right));
    expect(delivery.status).toBe("completed");
    expect(delivery.result?.checksums).toEqual({
      sha256: right.sha256,
      md5: right.md5,
      crc32: right.crc32.toString(16).padStart(8, "0"),
    });
    expect((await bed.read())?.equals(bytes)).toBe(true);
  });

  test.each([
    ["a wrong SHA-256", { sha256: "0".repeat(64) }, "corrupt"],
    ["a wrong MD5", { md5: "0".repeat(32) }, "corrupt"],
    ["a wrong CRC-32", { crc32: 1 }, "corrupt"],
    ["a wrong size", { size: 5_501 }, "corrupt"],
  ])("of %s never becomes visible", async (_, expected, code) => {
    const bed = bedOf();
    const { status, error } = await bed.deliver(file({ ...right, ...expected }));
    expect([status, error?.code]).toEqual(["failed", code]);
    expect(error?.detail).toMatch(/\.$/);
    expect(await bed.read()).toBeUndefined();
    expect(await bed.uploads()).toBe(0);
  });

  test("over the limit is refused before its first byte", async () => {
    const source = counting(bedOf().objects);
    const bed = createDeliveryBed({ source, tools: { maxBytes: 5_499 } });
    const { status, error } = await bed.deliver(file());
    expect([status, error?.code]).toEqual(["failed", "too_large"]);
    expect(source.counts.opened).toEqual([]);
  });

  test("of no bytes is delivered too", async () => {
    const bed = bedOf();
    bed.objects.put("file", "");
    const { status } = await bed.deliver(file({ sha256: sha256(Buffer.alloc(0)) }));
    expect(status).toBe("completed");
    expect(await bed.read()).toHaveLength(0);
  });
});

/** A destination whose call of this name fails. */
function refusing(
  name: "begin" | "putPart" | "listParts" | "complete",
  code: ErrorCode,
  after = 0,
): (made: BlobDestination) => BlobDestination {
  let calls = 0;
  return (made) => ({
    ...made,
    [name]: (...args: never[]) => {
      if (calls++ >= after) return Promise.reject(new ZiplinkError(code, "It failed. Mend it."));
      return (made[name] as (...args: never[]) => Promise<unknown>)(...args);
    },
  });
}

describe("what goes wrong", () => {
  test.each([
    ["a denied destination", refusing("begin", "denied"), "denied"],
    ["a full destination", refusing("putPart", "full", 2), "full"],
    ["a destination that gets other bytes", refusing("putPart", "corrupt", 1), "corrupt"],
    ["a destination that loses its upload", refusing("putPart", "not_found", 3), "not_found"],
    ["a completion that is refused", refusing("complete", "changed"), "changed"],
  ])("%s: failed, and nothing visible", async (_, destination, code) => {
    const bed = bedOf({ destination });
    const { status, error } = await bed.deliver(everything);
    expect([status, error?.code]).toEqual(["failed", code]);
    expect(await bed.read()).toBeUndefined();
    expect(await bed.uploads()).toBe(0);
  });

  test("a source that changes", async () => {
    const { objects } = bedOf();
    const changed = new ZiplinkError("changed", "An object has changed. Try again.");
    const bed = createDeliveryBed({ source: failing(objects, "a/large.bin", 4_000, changed) });
    const { status, error } = await bed.deliver(everything);
    expect([status, error?.code]).toEqual(["failed", "changed"]);
    expect(await bed.uploads()).toBe(0);
  });

  test("a failure that may pass pauses it, and what was sent stays", async () => {
    let isDown = true;
    const sent: number[] = [];
    const bed = bedOf({
      destination: (made) => ({
        ...made,
        async putPart(upload, place, bytes, signal) {
          if (isDown && sent.length >= 3) throw new ZiplinkError("unavailable", "Down. Try again.");
          sent.push(place.number);
          return made.putPart(upload, place, bytes, signal);
        },
      }),
    });
    const { id, status, error } = await bed.deliver(everything);
    expect([status, error?.code]).toEqual(["paused", "unavailable"]);
    expect(await bed.uploads()).toBe(1);
    isDown = false;
    await bed.deliveries.resume(id, "caller");
    await bed.deliveries.ended(id);
    expect((await bed.deliveries.get(id, "caller")).status).toBe("completed");
    expect(new Set(sent).size).toBe(sent.length);
  });

  test("does not replace an object unless it may", async () => {
    const bed = bedOf();
    bed.delivered.put("a.zip", "somebody's");
    const { status, error } = await bed.deliver(everything);
    expect([status, error?.code]).toEqual(["failed", "changed"]);
    expect(String(await bed.read())).toBe("somebody's");
    expect((await bed.deliver(everything, { overwrite: true })).status).toBe("completed");
    expect(await bed.uploads()).toBe(0);
  });
});

describe("commands", () => {
  const statuses: DeliveryStatus[] = [
    ...(["pending", "running", "completing", "paused"] as const),
    ...(["completed", "failed", "cancelled"] as const),
  ];
  const commands = Object.keys(transitions) as DeliveryCommand[];

  test.each(commands.flatMap((command) => statuses.map((status) => [command, status] as const)))(
    "%s of one that is %s does what the table says",
    async (command, status) => {
      const bed = bedOf();
      const { id } = await bed.deliver(everything);
      const result = (await bed.deliveries.get(id, "caller")).result;
      await bed.states.update(id, () => ({ status }));
      if (status !== "completed" && command !== "verify") bed.delivered.delete("a.zip");
      // The work itself is another test's: here the first step counts.
      const { deliveries } = bed;
      deliveries.start = () => undefined;
      const expected = transitions[command][status];
      const call = deliveries[command](id, "caller");
      if (expected === "refused") {
        expect(await codeOf(call)).toBe("conflict");
        expect((await bed.states.get(id))?.delivery.status).toBe(status);
      } else if (command === "forget") {
        await call;
        expect(await codeOf(deliveries.get(id, "caller"))).toBe("not_found");
      } else {
        await call;
        const now = (await bed.states.get(id))?.delivery;
        expect(now?.status).toBe(expected === "same" ? status : expected);
        if (command === "restart") expect(now).toMatchObject({ attempt: 2 });
        if (command === "verify") expect(now?.result).toEqual(result);
      }
    },
  );

  test("nobody sees or moves a delivery of somebody else's", async () => {
    const bed = bedOf();
    const { id } = await bed.deliver(everything);
    for (const command of ["get", ...commands] as const) {
      expect(await codeOf(bed.deliveries[command](id, "another"))).toBe("not_found");
      expect(await codeOf(bed.deliveries[command]("none", "caller"))).toBe("not_found");
    }
    expect(await bed.deliveries.list("another")).toEqual([]);
    expect(await bed.deliveries.list("caller", "completed")).toHaveLength(1);
    expect(await bed.deliveries.list("caller", "failed")).toHaveLength(0);
  });

  test("the same request of the same id is the same delivery; another one is refused", async () => {
    const bed = bedOf();
    const id = await bed.begin(everything);
    const terms = { to: "mem://out/a.zip" };
    const create = (request: DeliveryRequest, caller = "caller") =>
      bed.deliveries.create({ id, caller, request, terms });
    expect((await create(everything)).id).toBe(id);
    expect(await codeOf(create(file()))).toBe("conflict");
    expect(await codeOf(create(everything, "another"))).toBe("conflict");
    await bed.deliveries.ended(id);
    expect(bed.events.filter(({ event }) => event === "delivery_started")).toHaveLength(1);
  });

  /** Deliveries that stop before a part is sent, until they are let go on. */
  function held(options: { after: number }) {
    const reached = Promise.withResolvers<void>();
    const sent: number[] = [];
    let isHeld = true;
    const bed = bedOf({
      destination: (made) => ({
        ...made,
        async putPart(upload, place, bytes, signal) {
          if (isHeld && sent.length >= options.after) {
            reached.resolve();
            await new Promise((_, reject) => {
              if (signal?.aborted) reject(signal.reason);
              signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
            });
          }
          sent.push(place.number);
          return made.putPart(upload, place, bytes, signal);
        },
      }),
    });
    const letGo = () => {
      isHeld = false;
    };
    return { bed, reached: reached.promise, sent, letGo };
  }

  test("pausing keeps what is sent, and resuming sends the rest alone", async () => {
    const { bed, reached, sent, letGo } = held({ after: 4 });
    const id = await bed.begin(everything);
    await reached;
    expect(await bed.deliveries.pause(id, "caller")).toMatchObject({ status: "paused" });
    expect(bed.deliveries.active).toBe(0);
    expect(await bed.uploads()).toBe(1);
    letGo();
    await bed.deliveries.resume(id, "caller");
    await bed.deliveries.ended(id);
    expect((await bed.deliveries.get(id, "caller")).status).toBe("completed");
    expect(new Set(sent).size).toBe(sent.length);
  });

  test("another process pauses, cancels and goes on with what this one makes", async () => {
    for (const command of ["pause", "cancel"] as const) {
      const { bed, reached, letGo } = held({ after: 2 });
      const other: Deliveries = bed.another();
      const id = await bed.begin(everything);
      await reached;
      const made = bed.deliveries.ended(id);
      await other[command](id, "caller");
      await made;
      letGo();
      if (command === "cancel") {
        expect(await bed.uploads()).toBe(0);
        continue;
      }
      await other.resume(id, "caller");
      await other.ended(id);
      expect((await other.get(id, "caller")).status).toBe("completed");
    }
  });

  test("two processes that make one delivery at once complete it once", async () => {
    const bed = bedOf();
    const other = bed.another();
    const id = await bed.begin(everything);
    other.start(id);
    await Promise.all([bed.deliveries.ended(id), other.ended(id)]);
    expect((await other.get(id, "caller")).status).toBe("completed");
    expect(await bed.uploads()).toBe(0);
  });

  test("cancelling leaves nothing, and 100 races with completion have one winner each", async () => {
    const outcomes = new Map<string, number>();
    for (let round = 0; round < 100; round++) {
      const bed = bedOf();
      const id = await bed.begin(everything);
      // At another moment each time, by counting turns of the event loop.
      for (let turn = 0; turn < round; turn++) await new Promise((next) => setImmediate(next));
      const code = await codeOf(bed.deliveries.cancel(id, "caller"));
      await bed.deliveries.ended(id);
      const { status } = await bed.deliveries.get(id, "caller");
      expect(status).toBe(code === "resolved" ? "cancelled" : "completed");
      expect((await bed.read()) !== undefined).toBe(status === "completed");
      expect(await bed.uploads()).toBe(0);
      outcomes.set(status, (outcomes.get(status) ?? 0) + 1);
    }
    expect(outcomes.get("cancelled")).toBeGreaterThan(0);
  });

  test("restarting replaces what the delivery itself has put there", async () => {
    const bed = bedOf();
    const { id } = await bed.deliver(everything);
    bed.objects.put("more", "more");
    await bed.deliveries.restart(id, "caller");
    await bed.deliveries.ended(id);
    const again = await bed.deliveries.get(id, "caller");
    expect(again).toMatchObject({ status: "completed", attempt: 2 });
    expect((await bed.read())?.length).toBe(again.result?.size);
    await bed.deliveries.verify(id, "caller");
    bed.delivered.put("a.zip", "another");
    expect(await codeOf(bed.deliveries.verify(id, "caller"))).toBe("changed");
    bed.delivered.delete("a.zip");
    expect(await codeOf(bed.deliveries.verify(id, "caller"))).toBe("not_found");
  });

  test("tells how far it is, until it is over", async () => {
    const { bed, reached, letGo } = held({ after: 3 });
    const id = await bed.begin(everything);
    await reached;
    letGo();
    const seen: string[] = [];
    const { signal } = new AbortController();
    const watching = (async () => {
      for await (const { delivery, progress } of bed.deliveries.watch(id, "caller", 1, signal)) {
        seen.push(delivery.status);
        expect(progress.bytes).toBeLessThanOrEqual(progress.total ?? 0);
      }
    })();
    await bed.deliveries.pause(id, "caller");
    await bed.deliveries.resume(id, "caller");
    await watching;
    expect(seen.at(-1)).toBe("completed");
  });
});
