import { expect, test } from "vitest";
import { createMemorySource } from "../../../adapters/memory/source.ts";
import { SharedWork } from "../../../core/async/shared-work.ts";
import type { BlobSource } from "../../../core/blob-source.ts";
import { planArchive } from "../../../core/planning/plan-archive.ts";
import { createPlanner } from "../../../core/planning/plan-cache.ts";
import { ResilientSource } from "../../../core/source/resilience/resilient-source.ts";

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

function plannerOf(source: BlobSource) {
  const store = new ResilientSource(source);
  return createPlanner({
    plan: (request, { signal }) => planArchive(request, store.forDownload(), { signal }),
    cacheSeconds: 10,
  });
}

/** Work that ends when told to, or when it is given up. */
function pending() {
  const done = Promise.withResolvers<string>();
  let given: AbortSignal | undefined;
  const work = new SharedWork((signal) => {
    given = signal;
    signal.addEventListener("abort", () => done.reject(signal.reason));
    return done.promise;
  });
  return { work, done, isAborted: () => given?.aborted };
}

test("work continues while anyone waits for it, and is given up when the last one leaves", async () => {
  const { work, isAborted } = pending();
  const [one, other] = [new AbortController(), new AbortController()];
  const waits = [work.wait(one.signal), work.wait(other.signal)];
  one.abort(new Error("the first left"));
  await expect(waits[0]).rejects.toThrow("the first left");
  expect(isAborted()).toBe(false);
  other.abort(new Error("the second left"));
  await expect(waits[1]).rejects.toThrow("the second left");
  expect(isAborted()).toBe(true);
  expect(work.isGivenUp).toBe(true);
});

test("work does not begin before anyone waits for it, nor for a caller that has left", async () => {
  const { work, done, isAborted } = pending();
  await expect(work.wait(AbortSignal.abort(new Error("left")))).rejects.toThrow("left");
  expect(isAborted()).toBeUndefined();
  const waiting = work.wait();
  expect(isAborted()).toBe(false);
  done.resolve("plan");
  await expect(waiting).resolves.toBe("plan");
});

test("callers that keep waiting get the result", async () => {
  const { work, done } = pending();
  const leaving = new AbortController();
  const left = work.wait(leaving.signal);
  const stays = work.wait();
  leaving.abort(new Error("left"));
  done.resolve("plan");
  await expect(left).rejects.toThrow("left");
  await expect(stays).resolves.toBe("plan");
});

test("planning that nobody waits for makes no more store calls; the next call begins anew", async () => {
  const memory = createMemorySource({ "a/1": "1", "a/2": "2" });
  const signals: AbortSignal[] = [];
  let stalls = true;
  const source = {
    ...memory,
    async *list(prefix: string, signal?: AbortSignal) {
      if (signal) signals.push(signal);
      if (stalls) {
        await new Promise((_, reject) => {
          signal?.addEventListener("abort", () => reject(signal.reason), { once: true });
        });
      }
      yield* memory.list(prefix, signal);
    },
  };
  const planner = plannerOf(source);
  const leaving = new AbortController();
  const first = planner.plan("token", { prefix: "a/" }, leaving.signal);
  while (signals.length === 0) await turn();
  leaving.abort(new Error("left"));
  await expect(first).rejects.toThrow("left");
  expect(signals[0]?.aborted).toBe(true);

  stalls = false;
  const { plan, isReused } = await planner.plan("token", { prefix: "a/" });
  expect(plan.entries).toHaveLength(2);
  expect(isReused).toBe(false);
  expect((await planner.plan("token", { prefix: "a/" })).isReused).toBe(true);
});

test("nothing is planned for a client that has left; the next one gets the current objects", async () => {
  const memory = createMemorySource({ "a/1": "1" });
  const planner = plannerOf(memory);
  const left = AbortSignal.abort(new Error("left"));
  await expect(planner.plan("token", { prefix: "a/" }, left)).rejects.toThrow("left");
  await turn();
  memory.put("a/2", "2");
  const { plan } = await planner.plan("token", { prefix: "a/" });
  expect(plan.entries).toHaveLength(2);
});
