import { expect, test } from "vitest";
import { createMemoryDestination } from "../../../adapters/memory/destination.ts";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { createMemoryStateStore } from "../../../adapters/memory/state-store.ts";
import type { BlobDestination } from "../../../core/delivery/blob-destination.ts";
import { withRetries } from "../../../core/delivery/resilient-destination.ts";
import { withStateRetries } from "../../../core/delivery/state-store.ts";
import { type ErrorCode, ZiplinkError } from "../../../core/errors.ts";
import { codeOf } from "../../support/error-codes.ts";

const terms = { mark: "mark", contentType: "application/zip", metadata: {} };

/** Fails so many times with `code`, and then does what `made` does. */
function failing(made: BlobDestination, times: number, code: ErrorCode) {
  let left = times;
  let calls = 0;
  const destination: BlobDestination = {
    ...made,
    async putPart(...args) {
      calls++;
      if (left-- > 0) throw new ZiplinkError(code, "It failed.");
      return made.putPart(...args);
    },
  };
  return { destination, calls: () => calls };
}

test.each([
  ["unavailable", 3, "resolved", 4],
  ["throttled", 7, "resolved", 8],
  ["unavailable", 8, "unavailable", 8],
  ["denied", 1, "denied", 1],
  ["full", 1, "full", 1],
] as const)("%s %i times: %s after %i calls", async (code, times, outcome, calls) => {
  const made = createMemoryDestination({ source: createMemorySource() });
  const broken = failing(made, times, code);
  const observed: string[] = [];
  const destination = withRetries(broken.destination, {
    backoffMs: 1,
    observe: ({ event }) => observed.push(event),
  });
  const upload = await destination.begin("a", terms);
  const sending = destination.putPart(upload, { number: 1, start: 0 }, Buffer.from("x"));
  expect(await codeOf(sending)).toBe(outcome);
  expect(broken.calls()).toBe(calls);
  expect(observed).toHaveLength(calls - 1);
});

test("an attempt that takes too long is given up, and made again", async () => {
  const made = createMemoryDestination({ source: createMemorySource() });
  let calls = 0;
  const destination = withRetries(
    {
      ...made,
      async find(key, signal) {
        if (++calls > 1) return made.find(key, signal);
        return new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      },
    },
    { timeoutMs: 5, backoffMs: 1 },
  );
  expect(await destination.find("a")).toBeUndefined();
  expect(calls).toBe(2);
});

test("the state store is asked again, its listing as well", async () => {
  const made = createMemoryStateStore();
  let left = 2;
  const store = withStateRetries(
    {
      ...made,
      async get(name, signal) {
        if (left-- > 0) throw new ZiplinkError("unavailable", "It failed.");
        return made.get(name, signal);
      },
      async *list(prefix, signal) {
        yield* made.list(prefix, signal);
        if (left-- > 0) throw new ZiplinkError("timeout", "It failed.");
      },
    },
    { backoffMs: 1 },
  );
  await store.put("a", Buffer.from("a"), "nothing");
  expect(Buffer.from((await store.get("a"))?.bytes ?? []).toString()).toBe("a");
  left = 1;
  const names: string[] = [];
  for await (const name of store.list("")) names.push(name);
  expect(names).toEqual(["a"]);
});
