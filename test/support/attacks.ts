import { describe, expect, test } from "vitest";
import type { Downloaded } from "./download.ts";
import type { GuardedService } from "./guarded-service.ts";

/** Expects that neither the answer nor the log reveals anything, whatever the request was. */
export function expectNoLeak(
  guarded: GuardedService,
  { headers, bytes }: Downloaded,
  hidden: readonly string[] = [],
): void {
  const shown = JSON.stringify(headers) + bytes.toString("latin1") + bytes.toString("utf8");
  for (const secret of [...guarded.secrets, ...hidden]) expect(shown).not.toContain(secret);
  const logged = guarded.service.output();
  for (const secret of guarded.secrets) expect(logged).not.toContain(secret);
}

/** Expects a documented refusal, in the service's own words. */
export function expectProblem({ headers, bytes }: Downloaded, status: number): void {
  expect(headers["content-type"]).toBe("application/problem+json");
  expect(headers["cache-control"]).toBe("no-store");
  expect(JSON.parse(bytes.toString())).toMatchObject({ status, type: "about:blank" });
}

/**
 * Describes the last tests of a file of attacks: the service has logged at least `atLeast`
 * refusals, of requests with that many tokens, and nothing that a log must not contain.
 */
export function describeLog(
  guardedOf: () => GuardedService,
  atLeast: { readonly refusals: number; readonly tokens: number },
): void {
  describe("the log of all of this", () => {
    test("has a line for each refusal, and no token, secret, key, name, folder or stack", () => {
      const guarded = guardedOf();
      const log = guarded.service.output();
      const refused = log.split("\n").filter((line) => line.includes('"request_refused"'));
      expect(refused.length).toBeGreaterThanOrEqual(atLeast.refusals);
      for (const line of refused) {
        const { requestId, status, failure } = JSON.parse(line);
        expect(requestId).toMatch(/^[\w-]{36}$/);
        expect(failure.code).toBeTypeOf("string");
        expect(status).toBeLessThan(500);
      }
      expect(guarded.issued.size).toBeGreaterThanOrEqual(atLeast.tokens);
      for (const token of guarded.issued) {
        for (const part of token.split(".").slice(1)) expect(log).not.toContain(part);
      }
      for (const secret of [...guarded.secrets, "eyJ", "Bearer", "node_modules", "file://"]) {
        expect(log).not.toContain(secret);
      }
    });

    test("contains only log lines: no library prints", () => {
      const stray = guardedOf()
        .service.output()
        .split("\n")
        .filter((line) => !/^\{"severity":"(INFO|WARNING)"/.test(line));
      expect(stray).toEqual([]);
    });
  });
}
