import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { allocateChunk, CHUNK_BYTES } from "../../../core/bytes/chunks.ts";
import { BodyStream } from "../../../core/streaming/body-stream.ts";
import type { App } from "../../../functions/app/app.ts";
import { BrokenOff } from "../../../functions/aws/broken-off.ts";
import { createLambdaHandler } from "../../../functions/aws/handler.ts";
import {
  FakeResponseStream,
  installFakeAwslambda,
} from "../../support/lambda/fake-response-stream.ts";

installFakeAwslambda();

const MINUTE = 60_000;
const never = () => new Promise<void>(() => undefined);
const event = {
  version: "2.0",
  rawPath: "/",
  headers: { host: "localhost" },
  requestContext: { http: { method: "GET" } },
};

beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

/** Invokes `app` with a stall limit of 30 seconds; resolves to "done" or to the error. */
function invoke(
  app: App,
  stream: FakeResponseStream,
  { timeoutMs = 15 * MINUTE, of = event } = {},
) {
  stream.on("error", () => undefined); // the runtime client has a listener too
  const getRemainingTimeInMillis = () => timeoutMs;
  const invocation = createLambdaHandler(app, 30)(of, stream, { getRemainingTimeInMillis });
  return invocation.then(
    () => "done",
    (error: unknown) => error,
  );
}

/** Waits until `condition` holds, without a timer. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

const text = ({ chunks }: FakeResponseStream) => Buffer.concat(chunks).toString();

/** A body of `chunks` that awaits `then` before it ends, and calls `onCancel` when it is cancelled. */
function bodyOf(chunks: readonly Uint8Array[], then: () => Promise<void>, onCancel = vi.fn()) {
  const rest = [...chunks];
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const chunk = rest.shift();
        if (chunk) controller.enqueue(chunk);
        else {
          await then();
          controller.close();
        }
      },
      cancel: onCancel,
    },
    { highWaterMark: 0 },
  );
}

describe("a response", () => {
  test("begins with its status, headers and cookies", async () => {
    const headers = new Headers({ "Content-Type": "text/plain", ETag: '"1"' });
    headers.append("Set-Cookie", "a=1; Path=/");
    headers.append("Set-Cookie", "b=2");
    const stream = new FakeResponseStream();
    const app = async () => new Response("hello", { status: 206, headers });
    expect(await invoke(app, stream)).toBe("done");
    expect(stream.prelude).toEqual({
      statusCode: 206,
      headers: { "content-type": "text/plain", etag: '"1"' },
      cookies: ["a=1; Path=/", "b=2"],
    });
    expect(text(stream)).toBe("hello");
    expect(stream.writableFinished).toBe(true);
  });

  test.each([204, 304])("is sent by a write even if it is empty: %i", async (status) => {
    const stream = new FakeResponseStream();
    expect(await invoke(async () => new Response(null, { status }), stream)).toBe("done");
    expect(stream.prelude).toEqual({ statusCode: status, headers: {} });
    expect(text(stream)).toBe("");
    expect(stream.writableFinished).toBe(true);
  });

  test("sends its headers before there is a body", async () => {
    const stream = new FakeResponseStream();
    const more = Promise.withResolvers<void>();
    const outcome = invoke(async () => new Response(bodyOf([], () => more.promise)), stream);
    await until(() => stream.prelude !== undefined);
    more.resolve();
    expect(await outcome).toBe("done");
  });

  test("is 400 for an event that is not a request", async () => {
    const stream = new FakeResponseStream();
    const app = () => expect.unreachable();
    expect(await invoke(app, stream, { of: { ...event, rawPath: "" } })).toBe("done");
    expect(stream.prelude).toMatchObject({
      statusCode: 400,
      headers: { "content-type": "application/problem+json" },
    });
  });

  test("is 500 for a defect, and reveals nothing about it", async () => {
    const stream = new FakeResponseStream();
    const app = () => Promise.reject(new Error("secret"));
    expect(await invoke(app, stream)).toBe("done");
    expect(stream.prelude).toMatchObject({ statusCode: 500 });
    expect(text(stream)).not.toContain("secret");
  });
});

test("takes the next chunk once the last one has been sent, and only then releases that one", async () => {
  const taken: PromiseWithResolvers<void>[] = [];
  const stream = new FakeResponseStream(() => {
    const one = Promise.withResolvers<void>();
    taken.push(one);
    return one.promise;
  });
  const [first, second] = [allocateChunk(CHUNK_BYTES).fill(1), allocateChunk(CHUNK_BYTES).fill(2)];
  const body = new BodyStream(async function* () {
    yield* [first, second];
  }).readable;
  const outcome = invoke(async () => new Response(body), stream);
  const isFree = (chunk: Uint8Array) => chunk.buffer.byteLength === 0;
  await until(() => taken.length === 1); // status and headers
  taken[0]?.resolve();
  await until(() => taken.length === 2);
  expect(stream.chunks).toHaveLength(2);
  expect(isFree(first)).toBe(false);
  taken[1]?.resolve();
  await until(() => taken.length === 3);
  expect(isFree(first)).toBe(true);
  expect(isFree(second)).toBe(false);
  taken[2]?.resolve();
  expect(await outcome).toBe("done");
});

test("leaves the chunks of a body alone that others may read too", async () => {
  const stream = new FakeResponseStream();
  const chunk = allocateChunk(CHUNK_BYTES).fill(1);
  const body = new BodyStream(async function* () {
    yield chunk;
  }).readable;
  const clones: Promise<ArrayBuffer>[] = [];
  const app = async () => {
    const response = new Response(body);
    clones.push(response.clone().arrayBuffer());
    return response;
  };
  expect(await invoke(app, stream)).toBe("done");
  expect((await clones[0])?.byteLength).toBe(CHUNK_BYTES);
  expect(chunk.length).toBe(CHUNK_BYTES);
});

describe("breaks off, and never ends cleanly", () => {
  const chunk = Buffer.from("PK");

  function expectBrokenOff(stream: FakeResponseStream, outcome: unknown): void {
    expect(outcome).toBeInstanceOf(BrokenOff);
    expect(stream.errored).toBeInstanceOf(BrokenOff);
    expect(stream.writableEnded).toBe(false);
  }

  test("when the body fails, without saying why", async () => {
    const stream = new FakeResponseStream();
    const body = bodyOf([chunk], () => Promise.reject(new Error("secret")));
    const outcome = await invoke(async () => new Response(body), stream);
    expectBrokenOff(stream, outcome);
    expect(JSON.stringify(outcome, Object.getOwnPropertyNames(outcome))).not.toContain("secret");
    expect(text(stream)).toBe("PK");
  });

  test("when the runtime closes the response", async () => {
    const stream = new FakeResponseStream();
    const onCancel = vi.fn();
    const more = Promise.withResolvers<void>();
    const body = bodyOf([chunk], () => more.promise, onCancel);
    const outcome = invoke(async () => new Response(body), stream);
    await until(() => text(stream) === "PK");
    stream.destroy(new Error("ECONNRESET"));
    more.reject(new Error("aborted"));
    expect(await outcome).toBeInstanceOf(BrokenOff);
    expect(stream.writableEnded).toBe(false);
  });

  test("when a client accepts no data for 30 seconds", async () => {
    const stream = new FakeResponseStream(never);
    const released = Promise.withResolvers<void>();
    const onCancel = vi.fn(() => released.promise);
    let signal: AbortSignal | undefined;
    const outcome = invoke(async (request) => {
      signal = request.signal;
      return new Response(bodyOf([chunk], never, onCancel));
    }, stream);
    await until(() => vi.getTimerCount() === 2);
    vi.advanceTimersByTime(29_999);
    expect(signal?.aborted).toBe(false);
    expect(stream.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expect(signal?.aborted).toBe(true);
    await until(() => onCancel.mock.calls.length === 1);
    const settled = vi.fn();
    void outcome.then(settled);
    await Promise.resolve();
    // A function is frozen once its handler is done, so the body must release everything before that.
    expect(settled).not.toHaveBeenCalled();
    released.resolve();
    expectBrokenOff(stream, await outcome);
    expect(vi.getTimerCount()).toBe(0);
  });

  test("5 seconds before the deadline", async () => {
    const stream = new FakeResponseStream();
    const onCancel = vi.fn();
    const reading = Promise.withResolvers<void>();
    const outcome = invoke(
      async ({ signal }) => {
        signal.addEventListener("abort", () => reading.reject(signal.reason));
        return new Response(bodyOf([chunk], () => reading.promise, onCancel));
      },
      stream,
      { timeoutMs: MINUTE },
    );
    await until(() => text(stream) === "PK");
    vi.advanceTimersByTime(54_999);
    expect(stream.destroyed).toBe(false);
    vi.advanceTimersByTime(1);
    expectBrokenOff(stream, await outcome);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test("a deadline before there is a response is 504, and everything opened is closed", async () => {
  const stream = new FakeResponseStream();
  const onCancel = vi.fn();
  const planning = Promise.withResolvers<void>();
  const outcome = invoke(
    async () => {
      await planning.promise;
      return new Response(bodyOf([], never, onCancel));
    },
    stream,
    { timeoutMs: MINUTE },
  );
  vi.advanceTimersByTime(55_000);
  planning.resolve();
  expect(await outcome).toBe("done");
  expect(stream.prelude).toMatchObject({ statusCode: 504 });
  expect(onCancel).toHaveBeenCalledOnce();
});

test("the total time of a download is not limited, only the time between two chunks", async () => {
  const taken: PromiseWithResolvers<void>[] = [];
  const stream = new FakeResponseStream(() => {
    const one = Promise.withResolvers<void>();
    taken.push(one);
    return one.promise;
  });
  const chunks = Array.from({ length: 5 }, () => Buffer.from("x"));
  const outcome = invoke(async () => new Response(bodyOf(chunks, async () => undefined)), stream);
  for (let i = 0; i <= chunks.length; i++) {
    await until(() => taken.length === i + 1);
    if (i > 0) vi.advanceTimersByTime(29_000); // status and headers take no time
    taken[i]?.resolve();
  }
  expect(await outcome).toBe("done");
  expect(text(stream)).toBe("xxxxx");
});
