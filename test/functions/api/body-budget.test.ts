import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { BodyBudget } from "../../../functions/api/body-budget.ts";
import { readJson } from "../../../functions/api/read-json.ts";
import { codeOf } from "../../support/error-codes.ts";

/** A request whose body has `chunks`, and then does not end. */
function unfinished(...chunks: string[]): Request {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(Buffer.from(chunk));
    },
  });
  const headers = { "Content-Type": "application/json", "Content-Length": "100" };
  return new Request("http://x/links", { method: "POST", headers, body, duplex: "half" });
}

describe("all bodies together", () => {
  const busy = expect.objectContaining({ code: "too_many_requests", retryAfterMs: 5000 });

  test("have a limit, of which one caller alone has half", () => {
    const budget = new BodyBudget(100);
    const mine = budget.hold("me");
    mine.add(50);
    expect(() => budget.hold("me").add(1)).toThrow(busy);
    budget.hold("you").add(20);
    mine.release();
    mine.release(); // once more does nothing
    budget.hold("me").add(40);
    expect(() => budget.hold("them").add(41)).toThrow(busy);
  });

  test("count as they arrive, not by the length they state", async () => {
    const budget = new BodyBudget(10);
    const held = budget.hold("me");
    const code = codeOf(readJson(unfinished("12345", "6"), 1000, 10, { held }));
    expect(await code).toBe("too_many_requests");
    expect(() => budget.hold("you").add(5)).not.toThrow();
  });
});

describe("a body that does not arrive", () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
  afterEach(() => void vi.useRealTimers());

  test("is refused after 30 seconds, and waited for until then", async () => {
    const code = codeOf(readJson(unfinished("{"), 1000));
    const settled = vi.fn();
    void code.then(settled);
    await vi.advanceTimersByTimeAsync(29_999);
    expect(settled).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(await code).toBe("request_timeout");
    expect(vi.getTimerCount()).toBe(0);
  });
});
