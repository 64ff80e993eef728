import { describe, expect, test } from "vitest";
import { collect } from "../support/bytes.ts";

/** A reader of the bytes `bytes`, in at least two chunks. */
export interface ReaderUnderTest {
  readonly chunks: AsyncIterable<Uint8Array>;
  readonly bytes: Uint8Array;
  /** How many times what the reader holds has been released. */
  released(): number;
}

export interface ReaderOptions {
  readonly signal?: AbortSignal;
  /** `stalls` after the first chunk: nothing more arrives. `fails` there: with an error of "broken". */
  readonly after?: "stalls" | "fails";
}

/** How a kind of reader differs from the others. */
export interface ReaderTraits {
  /** Set if a test cannot make it stall. */
  readonly canStall?: false;
  /** The message of a read that fails. */
  readonly failure: string;
}

/** Tests that hold for every reader that holds something open. */
export function describeChunkReader(
  name: string,
  start: (options: ReaderOptions) => Promise<ReaderUnderTest> | ReaderUnderTest,
  { canStall, failure }: ReaderTraits,
): void {
  const end = { done: true, value: undefined };
  const stalls = canStall === false ? {} : ({ after: "stalls" } as const);
  const open = async (options: ReaderOptions) => {
    const { chunks, ...reader } = await start(options);
    return { chunks, iterator: chunks[Symbol.asyncIterator](), ...reader };
  };

  describe(`chunk reader contract: ${name}`, () => {
    test("gives all bytes, closes by itself, once, and stays at its end", async () => {
      const { chunks, iterator, bytes, released } = await open({});
      expect((await collect(chunks)).equals(bytes)).toBe(true);
      expect(released()).toBe(1);
      expect(await iterator.next()).toEqual(end);
      expect(await iterator.return?.()).toEqual(end);
      expect(released()).toBe(1);
    });

    test.each([0, 1])("return() after %i chunks closes it, once", async (count) => {
      const { iterator, released } = await open({});
      for (let i = 0; i < count; i++) expect((await iterator.next()).done).toBe(false);
      expect(released()).toBe(0);
      expect(await Promise.all([iterator.return?.(), iterator.return?.()])).toEqual([end, end]);
      expect(released()).toBe(1);
      expect(await iterator.next()).toEqual(end);
      expect(released()).toBe(1);
    });

    test.each([0, 1])("an abort after %i chunks closes it at once", async (count) => {
      const abort = new AbortController();
      const { iterator, released } = await open({ signal: abort.signal });
      for (let i = 0; i < count; i++) expect((await iterator.next()).done).toBe(false);
      abort.abort(new Error("left"));
      await expect.poll(released).toBe(1); // though nobody reads on
      await expect(iterator.next()).rejects.toThrow("left");
      await expect(iterator.next()).rejects.toThrow("left");
      expect(await iterator.return?.()).toEqual(end);
      expect(released()).toBe(1);
    });

    test("an abort while a read waits ends that", async () => {
      const abort = new AbortController();
      const { iterator, released } = await open({ signal: abort.signal, ...stalls });
      await iterator.next();
      const waiting = iterator.next();
      abort.abort(new Error("left"));
      await expect(waiting).rejects.toThrow("left");
      expect(released()).toBe(1);
    });

    test("return() while a read waits ends that, without a chunk or an error", async () => {
      const { iterator, released } = await open(stalls);
      await iterator.next();
      const waiting = iterator.next();
      expect(await iterator.return?.()).toEqual(end);
      expect(await waiting).toEqual(end);
      expect(released()).toBe(1);
    });

    test("an abort after its end, or after return(), closes nothing again", async () => {
      for (const isReturned of [false, true]) {
        const abort = new AbortController();
        const { chunks, iterator, released } = await open({ signal: abort.signal });
        await (isReturned ? iterator.return?.() : collect(chunks));
        abort.abort(new Error("left"));
        await new Promise(setImmediate);
        expect(released()).toBe(1);
      }
    });

    test("a read that fails closes it, and says why once", async () => {
      const { chunks, iterator, released } = await open({ after: "fails" });
      await expect(collect(chunks)).rejects.toThrow(failure);
      expect(released()).toBe(1);
      expect(await iterator.next()).toEqual(end);
      expect(released()).toBe(1);
    });
  });
}
