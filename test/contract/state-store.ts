import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { StateStore } from "../../core/delivery/state-store.ts";

/** Describes the behavior of every `StateStore`. A new adapter adds one more call of this. */
export function describeStateStore(
  name: string,
  start: () => Promise<{ store: StateStore; close(): Promise<void> }>,
): void {
  describe(`StateStore contract: ${name}`, () => {
    let store: StateStore;
    let close: () => Promise<void>;

    beforeAll(async () => {
      ({ store, close } = await start());
    });

    afterAll(() => close());

    const put = (key: string, text: string, expected: Parameters<StateStore["put"]>[2]) =>
      store.put(key, Buffer.from(text), expected);
    const read = async (key: string) => {
      const found = await store.get(key);
      return found && Buffer.from(found.bytes).toString();
    };
    const names = async (prefix: string) => {
      const found: string[] = [];
      for await (const one of store.list(prefix)) found.push(one);
      return found.sort();
    };

    test("writes an object only where there is none", async () => {
      expect(await store.get("a/op")).toBeUndefined();
      const version = await put("a/op", "one", "nothing");
      expect(version).toEqual(expect.any(String));
      expect(await put("a/op", "two", "nothing")).toBeUndefined();
      expect(await read("a/op")).toBe("one");
      expect((await store.get("a/op"))?.version).toBe(version);
    });

    test("replaces the version that is expected, and no other", async () => {
      const first = await put("b/op", "one", "nothing");
      const second = await put("b/op", "two", { version: first ?? "" });
      expect(second).not.toBe(first);
      expect(await put("b/op", "three", { version: first ?? "" })).toBeUndefined();
      expect(await read("b/op")).toBe("two");
      expect(await put("b/op", "three", { version: second ?? "" })).toEqual(expect.any(String));
      expect(await put("b/op", "four", "anything")).toEqual(expect.any(String));
      expect(await read("b/op")).toBe("four");
    });

    test("does not replace what is gone", async () => {
      const version = await put("c/op", "one", "nothing");
      await store.remove("c/op");
      await store.remove("c/op");
      expect(await store.get("c/op")).toBeUndefined();
      expect(await put("c/op", "two", { version: version ?? "" })).toBeUndefined();
      expect(await read("c/op")).toBeUndefined();
    });

    test("tells the writer of the same bytes that it has written them", async () => {
      const version = await put("d/op", "one", "nothing");
      const again = await put("d/op", "one", "nothing");
      expect([undefined, version]).toContain(again);
    });

    test("of many that change it at once, one succeeds, each round", async () => {
      let version = await put("e/op", "start", "nothing");
      for (let round = 0; round < 20; round++) {
        const attempts = Array.from({ length: 4 }, (_, i) =>
          put("e/op", `round ${round} by ${i}`, { version: version ?? "" }).catch(
            // A store that cannot tell who was first is asked again.
            () => put("e/op", `round ${round} by ${i}`, { version: version ?? "" }),
          ),
        );
        const won = (await Promise.all(attempts)).flatMap((one, i) => (one ? [{ one, i }] : []));
        expect(won).toHaveLength(1);
        expect(await read("e/op")).toBe(`round ${round} by ${won[0]?.i}`);
        version = won[0]?.one;
      }
    });

    test("lists by prefix", async () => {
      for (const key of ["f/1/op", "f/1/shard/0", "f/2/op", "g/op"]) await put(key, key, "nothing");
      expect(await names("f/")).toEqual(["f/1/op", "f/1/shard/0", "f/2/op"]);
      expect(await names("f/1/")).toEqual(["f/1/op", "f/1/shard/0"]);
      expect(await names("h/")).toEqual([]);
    });

    test("does nothing once aborted", async () => {
      const signal = AbortSignal.abort(new Error("left"));
      await expect(store.get("a/op", signal)).rejects.toThrow("left");
      await expect(store.put("x", Buffer.from("x"), "nothing", signal)).rejects.toThrow("left");
      await expect(store.remove("a/op", signal)).rejects.toThrow("left");
    });
  });
}
