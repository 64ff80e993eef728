import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { FairShare } from "../../../core/async/fair-share.ts";

/** Takes single units for `key` until there are no more, and returns how many. */
function takeAll(share: FairShare, key: string): number {
  let count = 0;
  while (share.take(key, 1)) count++;
  return count;
}

describe("a fair share", () => {
  test("leaves a part to others, however much is asked for", () => {
    const share = new FairShare(500, 4);
    expect(takeAll(share, "a")).toBe(400);
    expect(takeAll(share, "b")).toBe(80);
    expect(share.free).toBe(20);
    expect(share.take("c", 1)).toBe(true);
  });

  test("becomes equal once others have some", () => {
    const share = new FairShare(500, 4);
    takeAll(share, "a");
    const held = { a: 400, b: 0 };
    for (let i = 0; i < 400; i++) {
      share.give("a", 1);
      held.a--;
      for (const key of ["b", "a"] as const) if (share.take(key, 1)) held[key]++;
    }
    expect(Math.abs(held.a - held.b)).toBeLessThanOrEqual(4);
  });

  test.each([1, 2, 3, 4])("of %i units is all of them", (total) => {
    expect(takeAll(new FairShare(total, 4), "a")).toBe(total);
  });

  test("has no end if the whole has none", () => {
    const share = new FairShare(Infinity, 4);
    for (let i = 0; i < 1000; i++) expect(share.take("a", 1)).toBe(true);
  });

  test("never exceeds the whole, and everything given back can be taken again", () => {
    const step = fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 1, max: 40 }));
    fc.assert(
      fc.property(fc.array(step), fc.constantFrom(1, 4), (steps, ratio) => {
        const share = new FairShare(100, ratio);
        const taken = steps.filter(([key, amount]) => share.take(key, amount));
        const sum = taken.reduce((all, [, amount]) => all + amount, 0);
        expect(share.free).toBe(100 - sum);
        expect(sum).toBeLessThanOrEqual(100);
        for (const [key, amount] of taken) share.give(key, amount);
        expect(share.free).toBe(100);
        expect(takeAll(share, "a")).toBe(100 - Math.floor(100 / (ratio + 1)));
      }),
    );
  });
});
