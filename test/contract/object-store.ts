import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ObjectStore } from "../../core/source/object-store.ts";
import { storeError } from "../../core/source/store-errors.ts";
import { patterned } from "../support/bytes.ts";
import { failureOf } from "../support/error-codes.ts";

export interface ObjectStoreUnderTest {
  readonly store: ObjectStore;
  /** A store of the same kind, which refuses access to the object named "refused". */
  readonly refusing: ObjectStore;
  /** Returns the names of all objects in `store`. */
  names(): Promise<string[]> | string[];
  close(): Promise<void>;
}

const bytesOf = async (store: ObjectStore, name: string) => {
  const bytes = await store.get(name);
  return bytes && Buffer.from(bytes);
};

/** Describes the behavior of every `ObjectStore`. */
export function describeObjectStore(
  name: string,
  start: () => Promise<ObjectStoreUnderTest>,
): void {
  describe(`ObjectStore contract: ${name}`, () => {
    let subject: ObjectStoreUnderTest;
    let store: ObjectStore;

    beforeAll(async () => {
      subject = await start();
      store = subject.store;
    });

    afterAll(() => subject.close());

    test("has no object that was never written", async () => {
      expect(await store.get("missing.crc")).toBeUndefined();
    });

    test.each([0, 1, 100_000])("keeps %i bytes, in place of those before", async (length) => {
      await store.put("a.crc", Buffer.from("before"));
      await store.put("a.crc", patterned(length));
      expect((await bytesOf(store, "a.crc"))?.equals(patterned(length))).toBe(true);
      expect(await subject.names()).toEqual(["a.crc"]);
    });

    test("shows complete objects only, even while they are replaced", async () => {
      const versions = [1, 2, 3, 4].map((seed) => patterned(300_000, seed));
      await store.put("a.crc", versions[0] ?? Buffer.alloc(0));
      const writing = Promise.all(versions.map((bytes) => store.put("a.crc", bytes)));
      for (let i = 0; i < 8; i++) {
        const seen = await bytesOf(store, "a.crc");
        expect(versions.some((bytes) => seen?.equals(bytes))).toBe(true);
      }
      await writing;
      expect(await subject.names()).toEqual(["a.crc"]);
    });

    test("does nothing once aborted, and rejects with the signal's reason", async () => {
      await store.put("a.crc", Buffer.from("kept"));
      const signal = AbortSignal.abort(new Error("left"));
      await expect(store.get("a.crc", signal)).rejects.toThrow("left");
      await expect(store.put("a.crc", Buffer.from("more"), signal)).rejects.toThrow("left");
      expect((await bytesOf(store, "a.crc"))?.toString()).toBe("kept");
      expect(await subject.names()).toEqual(["a.crc"]);
    });

    test("rejects with the common error of all stores, and its own error as the cause", async () => {
      const { code, message } = storeError("denied");
      const { refusing } = subject;
      for (const ask of [
        () => refusing.get("refused"),
        () => refusing.put("refused", Buffer.from("bytes")),
      ]) {
        const error = await failureOf(ask());
        expect(error).toMatchObject({ code, message });
        expect(error.cause).toBeInstanceOf(Error);
      }
    });
  });
}
