import { expect, test } from "vitest";
import { FairQueue } from "../../../core/async/fair-queue.ts";

/** Returns an action that ends when told to, and how to tell it. */
function held(started: string[], name: string) {
  const { promise, resolve } = Promise.withResolvers<void>();
  const action = async () => {
    started.push(name);
    await promise;
  };
  return { action, end: resolve };
}

test("owners take turns, however many actions one of them has", async () => {
  const queue = new FairQueue(1);
  const started: string[] = [];
  const [many, few] = [{}, {}];
  const first = held(started, "first");
  const run = (owner: object, name: string) => queue.run(owner, async () => started.push(name));
  const all = [
    queue.run(many, first.action),
    ...["m1", "m2", "m3", "m4"].map((name) => run(many, name)),
    ...["f1", "f2"].map((name) => run(few, name)),
  ];
  expect([queue.activeCount, queue.pendingCount]).toEqual([1, 6]);
  first.end();
  await Promise.all(all);
  expect(started).toEqual(["first", "m1", "f1", "m2", "f2", "m3", "m4"]);
  expect([queue.activeCount, queue.pendingCount]).toEqual([0, 0]);
});

test("as many run at a time as may, also behind one that fails", async () => {
  const queue = new FairQueue(2);
  const started: string[] = [];
  const actions = ["a", "b", "c"].map((name) => held(started, name));
  const all = actions.map(({ action }) => queue.run({}, action));
  await new Promise(setImmediate);
  expect(started).toEqual(["a", "b"]);
  const failing = queue.run({}, () => Promise.reject(new Error("failed")));
  for (const { end } of actions) end();
  await expect(failing).rejects.toThrow("failed");
  await Promise.all(all);
  await queue.run({}, async () => undefined);
  expect(queue.activeCount).toBe(0);
});
