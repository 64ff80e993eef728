import { getEventListeners } from "node:events";
import { describe, expect, test, vi } from "vitest";
import { allocateChunk, CHUNK_BYTES } from "../../../core/bytes/chunks.ts";
import { ZiplinkError } from "../../../core/errors.ts";
import {
  abortBody,
  type BodyEnd,
  BodyStream,
  ownsChunks,
} from "../../../core/streaming/body-stream.ts";

const chunks = () => [Buffer.from("one"), Buffer.from("three"), Buffer.from("seventh")];

interface Bed {
  readonly body: BodyStream;
  readonly abort: AbortController;
  /** Each reported end, and whether everything had been released by then. */
  readonly ends: (BodyEnd & { released: boolean })[];
  /** Number of chunks requested so far. */
  readonly asked: () => number;
}

/** A body of three chunks. `fail` is thrown in place of the third; `hang` waits there for the signal. */
function bedOf({ fail, hang = false }: { fail?: Error; hang?: boolean } = {}): Bed {
  const abort = new AbortController();
  let asked = 0;
  let isOpen = false;
  const body = new BodyStream(async function* (signal) {
    isOpen = true;
    try {
      for (const [i, chunk] of chunks().entries()) {
        asked++;
        if (i === 2 && fail) throw fail;
        if (i === 2 && hang) await aborted(signal);
        yield chunk;
      }
    } finally {
      await new Promise(setImmediate); // releasing takes a moment
      isOpen = false;
    }
  }, abort.signal);
  const ends: Bed["ends"] = [];
  body.onEnd((end) => ends.push({ ...end, released: !isOpen }));
  return { body, abort, ends, asked: () => asked };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason), { once: true });
  });
}

const settled = () => new Promise((resolve) => setTimeout(resolve));
const told = ({ ends }: Bed) => vi.waitUntil(() => ends.length > 0, { interval: 1 });

async function* generate() {
  yield* chunks();
}

async function readAll({ readable }: BodyStream): Promise<string> {
  const parts: Uint8Array[] = [];
  for await (const part of readable) parts.push(part);
  return Buffer.concat(parts).toString();
}

test("a body reads no chunk before it is requested", async () => {
  const bed = bedOf();
  await settled();
  expect(bed.asked()).toBe(0);
  const reader = bed.body.readable.getReader();
  for (const [i, chunk] of chunks().entries()) {
    expect((await reader.read()).value).toEqual(chunk);
    await settled();
    expect(bed.asked()).toBe(i + 1);
  }
});

test("a primed body has read its first chunk, and delivers it like the others", async () => {
  const bed = bedOf();
  await bed.body.prime();
  await settled();
  expect(bed.asked()).toBe(1);
  expect(await readAll(bed.body)).toBe("onethreeseventh");
  expect(bed.ends).toEqual([{ outcome: "completed", sent: 15, released: true }]);
});

test("priming rejects with an error before the first chunk, which ends the body", async () => {
  const body = new BodyStream(async function* () {
    yield* [];
    throw new Error("gone");
  });
  await expect(body.prime()).rejects.toThrow("gone");
  const onEnd = vi.fn();
  body.onEnd(onEnd);
  expect(onEnd.mock.calls).toEqual([[{ outcome: "failed", error: new Error("gone"), sent: 0 }]]);
});

describe.each([true, false])(
  "primed: %s. The end is reported once, after everything is released,",
  (primed) => {
    const made = async (options?: Parameters<typeof bedOf>[0]) => {
      const bed = bedOf(options);
      if (primed) await bed.body.prime();
      return bed;
    };
    const expectOneEnd = async (bed: Bed, end: BodyEnd) => {
      await told(bed);
      expect(getEventListeners(bed.abort.signal, "abort")).toEqual([]);
      bed.abort.abort();
      await settled();
      expect(bed.ends).toEqual([{ ...end, released: true }]);
    };

    test("of a body that was read to its end", async () => {
      const bed = await made();
      await readAll(bed.body);
      await expectOneEnd(bed, { outcome: "completed", sent: 15 });
    });

    test("of a body that fails", async () => {
      const error = new Error("broken");
      const bed = await made({ fail: error });
      await expect(readAll(bed.body)).rejects.toBe(error);
      await expectOneEnd(bed, { outcome: "failed", error, sent: 8 });
    });

    test("of a body cancelled before it is read", async () => {
      const bed = await made();
      await bed.body.readable.cancel();
      expect(bed.ends).toHaveLength(1);
      await expectOneEnd(bed, { outcome: "aborted", sent: 0 });
    });

    test("of a body cancelled during a read", async () => {
      const bed = await made({ hang: true });
      const reader = bed.body.readable.getReader();
      for (let i = 0; i < 2; i++) await reader.read();
      const waiting = reader.read();
      await settled();
      await reader.cancel();
      expect(await waiting).toEqual({ done: true, value: undefined });
      await expectOneEnd(bed, { outcome: "aborted", sent: 8 });
    });

    test("of an aborted body that is neither read nor cancelled", async () => {
      const bed = await made();
      bed.abort.abort();
      await expectOneEnd(bed, { outcome: "aborted", sent: 0 });
    });

    test("of an aborted body that is read further", async () => {
      const bed = await made();
      const reader = bed.body.readable.getReader();
      await reader.read();
      bed.abort.abort(new Error("left"));
      await expect(reader.read()).rejects.toThrow("left");
      expect(bed.ends).toHaveLength(1);
      await expectOneEnd(bed, { outcome: "aborted", sent: 3 });
    });

    test("of a body aborted during a read", async () => {
      const bed = await made({ hang: true });
      const reader = bed.body.readable.getReader();
      for (let i = 0; i < 2; i++) await reader.read();
      const waiting = reader.read();
      await settled();
      bed.abort.abort(new Error("left"));
      await expect(waiting).rejects.toThrow("left");
      await expectOneEnd(bed, { outcome: "aborted", sent: 8 });
    });

    test("of a body both aborted and cancelled", async () => {
      const bed = await made();
      bed.abort.abort();
      await bed.body.readable.cancel();
      expect(bed.ends).toHaveLength(1);
      await expectOneEnd(bed, { outcome: "aborted", sent: 0 });
    });

    test("of a body aborted with a ZiplinkError, which is a failure", async () => {
      const bed = await made();
      const error = new ZiplinkError("timeout", "The time is up.");
      bed.abort.abort(error);
      await expectOneEnd(bed, { outcome: "failed", error, sent: 0 });
    });
  },
);

describe("a body that its sender breaks off", () => {
  const stalled = new ZiplinkError("stalled", "The client takes nothing.");
  const stopping = new ZiplinkError("unavailable", "The server stops.");

  test.each([
    [stalled, { outcome: "stalled", sent: 3 }],
    [stopping, { outcome: "failed", error: stopping, sent: 3 }],
  ])("ends with the explanation, even if it is cancelled as well: %s", async (reason, expected) => {
    const body = new BodyStream(generate);
    const end = Promise.withResolvers<BodyEnd>();
    body.onEnd(end.resolve);
    const reader = body.readable.getReader();
    await reader.read();
    abortBody(body.readable, reason);
    await reader.cancel();
    expect(await end.promise).toEqual(expected);
  });

  test("has ended already if it was read to its end", async () => {
    const body = new BodyStream(generate);
    const ends: BodyEnd[] = [];
    body.onEnd((end) => ends.push(end));
    await readAll(body);
    abortBody(body.readable, stalled);
    expect(ends).toMatchObject([{ outcome: "completed" }]);
  });

  test("may be any stream, which is left alone", async () => {
    const stream = new Response("text").body ?? expect.unreachable();
    abortBody(stream, stalled);
    expect(await new Response(stream).text()).toBe("text");
  });
});

test("a body whose signal is already aborted ends without being read", async () => {
  const work = vi.fn();
  const body = new BodyStream(
    async function* () {
      work();
      yield* chunks();
    },
    AbortSignal.abort(new Error("left")),
  );
  const end = Promise.withResolvers<BodyEnd>();
  body.onEnd(end.resolve);
  expect(await end.promise).toEqual({ outcome: "aborted", sent: 0 });
  await expect(body.prime()).rejects.toThrow("left");
  await expect(body.readable.getReader().read()).rejects.toThrow("left");
  expect(work).not.toHaveBeenCalled();
});

test("a primed chunk that nobody reads is released", async () => {
  const chunk = allocateChunk(CHUNK_BYTES);
  const body = new BodyStream(async function* () {
    yield chunk;
  });
  await body.prime();
  await body.readable.cancel();
  expect(chunk.buffer.byteLength).toBe(0);
});

test("a body owns its chunks until it is split in two", async () => {
  const { body } = bedOf();
  expect(ownsChunks(body.readable)).toBe(true);
  const response = new Response(body.readable);
  expect(response.body).toBe(body.readable);
  const clone = response.clone();
  for (const { body } of [response, clone]) expect(body && ownsChunks(body)).toBe(false);
  expect(ownsChunks(new ReadableStream())).toBe(false);
  await Promise.all([response.body?.cancel(), clone.body?.cancel()]);
});
