import { describe, expect, test } from "vitest";
import { Wakeup } from "../../../core/async/wakeup.ts";

describe("a wait", () => {
  test("ends when it is woken, each time anew", async () => {
    const wakeup = new Wakeup();
    for (let i = 0; i < 3; i++) {
      const waiting = wakeup.wait();
      wakeup.wake();
      expect(await waiting).toBeUndefined();
    }
  });

  test("is not ended by a wake before it, nor by news for another", async () => {
    const wakeup = new Wakeup();
    wakeup.wake();
    new Wakeup().wake();
    const waiting = wakeup.wait();
    const first = await Promise.race([waiting, new Promise((done) => setImmediate(done, "still"))]);
    expect(first).toBe("still");
    wakeup.wake();
    await waiting;
  });

  test("for a promise settles as that does, or is woken before", async () => {
    const wakeup = new Wakeup();
    expect(await wakeup.wait(Promise.resolve("value"))).toBe("value");
    await expect(wakeup.wait(Promise.reject(new Error("why")))).rejects.toThrow("why");
    const never = wakeup.wait(new Promise(() => undefined));
    wakeup.wake();
    expect(await never).toBeUndefined();
  });

  test("that was woken hears no more of its promise, and leaves no rejection unhandled", async () => {
    const wakeup = new Wakeup();
    const { promise, reject } = Promise.withResolvers<never>();
    const waiting = wakeup.wait(promise);
    wakeup.wake();
    reject(new Error("late"));
    expect(await waiting).toBeUndefined();
    await new Promise(setImmediate);
  });
});
