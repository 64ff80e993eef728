import { expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { allocateChunk } from "../../../core/bytes/chunks.ts";
import { ChunkReader } from "../../../core/source/chunk-reader.ts";
import { inlineStream, withInlineEntries } from "../../../core/source/inline-entries.ts";
import { ResilientSource } from "../../../core/source/resilience/resilient-source.ts";
import { describeChunkReader } from "../../contract/chunk-reader.ts";
import { patterned } from "../../support/bytes.ts";
import { heldChunks } from "../../support/held-chunks.ts";

const bytes = patterned(30_000);
const pieces = [0, 1, 2].map((i) => bytes.subarray(i * 10_000, (i + 1) * 10_000));
const whole = { start: 0, end: bytes.length };

describeChunkReader(
  "inline entries",
  async ({ signal, after }) => {
    const { chunks, released } = heldChunks(pieces, after);
    const facts = { name: "a", size: bytes.length, version: "1", modified: new Date(0) };
    const { blob } = inlineStream({ ...facts, open: () => chunks });
    const source = withInlineEntries(createMemorySource());
    return { chunks: await source.open(blob, whole, signal), bytes, released };
  },
  { failure: "broken" },
);

describeChunkReader(
  "a read that resumes",
  async ({ signal, after }) => {
    const { chunks, released } = heldChunks(pieces, after);
    const source = createMemorySource({ a: bytes });
    const resilient = new ResilientSource({ ...source, open: async () => chunks }, { attempts: 1 });
    const opened = resilient.forDownload().open(await source.stat("a"), whole, signal);
    return { chunks: await opened, bytes, released };
  },
  { failure: "broken" },
);

test("a source that opens although its reader has left is closed", async () => {
  const { chunks, released } = heldChunks(pieces, undefined);
  const source = createMemorySource({ a: bytes });
  const opening = Promise.withResolvers<AsyncIterable<Uint8Array>>();
  const resilient = new ResilientSource({ ...source, open: () => opening.promise });
  const abort = new AbortController();
  const blob = await source.stat("a");
  const outcome = resilient.forDownload().open(blob, whole, abort.signal);
  await new Promise(setImmediate);
  abort.abort(new Error("left"));
  opening.resolve(chunks);
  await expect(outcome).rejects.toThrow("left");
  expect(released()).toBe(1);
});

/** A reader that reads as it is told. */
class TestReader extends ChunkReader {
  disposals = 0;
  readonly #read: () => Promise<Uint8Array | undefined>;
  readonly #dispose: () => Promise<void>;

  constructor(
    read: () => Promise<Uint8Array | undefined>,
    {
      signal,
      dispose = async () => undefined,
    }: { signal?: AbortSignal; dispose?: () => Promise<void> } = {},
  ) {
    super(signal);
    this.#read = read;
    this.#dispose = dispose;
  }

  protected override read() {
    return this.#read();
  }

  protected override dispose() {
    this.disposals++;
    return this.#dispose();
  }
}

test("a reader whose signal has aborted before closes, though nobody reads", async () => {
  const signal = AbortSignal.abort(new Error("left"));
  const reader = new TestReader(async () => bytes, { signal });
  await Promise.resolve();
  expect(reader.disposals).toBe(1);
  await expect(reader.next()).rejects.toThrow("left");
});

test("a chunk that comes after its reader was closed is released, and given to nobody", async () => {
  const chunk = Promise.withResolvers<Uint8Array>();
  const reader = new TestReader(() => chunk.promise);
  const reading = reader.next();
  await reader.return();
  const late = allocateChunk(100_000);
  chunk.resolve(late);
  expect(await reading).toEqual({ done: true, value: undefined });
  expect(late).toHaveLength(0);
});

test("the first failure is told, whatever closing says; and that of closing where there is no other", async () => {
  const dispose = async () => {
    throw new Error("closing");
  };
  const broken = new TestReader(
    async () => {
      throw new Error("reading");
    },
    { dispose },
  );
  await expect(broken.next()).rejects.toThrow("reading");
  await expect(broken.return()).rejects.toThrow("closing");
  await expect(new TestReader(async () => undefined, { dispose }).next()).rejects.toThrow(
    "closing",
  );
  await expect(new TestReader(async () => undefined, { dispose }).return()).rejects.toThrow(
    "closing",
  );
});

test("nothing stays with the signal of a reader that is over", async () => {
  const abort = new AbortController();
  let listeners = 0;
  const { signal } = abort;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    listeners++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    listeners--;
    remove(...args);
  };
  const reader = new TestReader(async () => undefined, { signal });
  expect(listeners).toBe(1);
  await reader.next();
  expect(listeners).toBe(0);
});
