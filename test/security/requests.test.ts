/**
 * Attacks with bodies, ids, headers and methods, one per row, against a service in a process of its own.
 * Every row states the expected status; every response and the whole log are searched for secrets. To
 * add a case, add a row.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemorySource } from "../../adapters/memory/source.ts";
import type { Resolve } from "../../functions/api/api-request.ts";
import { callerToken, post } from "../support/api-client.ts";
import { appOf } from "../support/apps.ts";
import { describeLog, expectNoLeak, expectProblem } from "../support/attacks.ts";
import { download } from "../support/download.ts";
import { type GuardedService, startGuardedService } from "../support/guarded-service.ts";
import { apiSecret } from "../support/secrets.ts";

let guarded: GuardedService;

beforeAll(async () => {
  guarded = await startGuardedService();
});
afterAll(() => guarded.stop());

describe("bodies", () => {
  type Case = [name: string, status: number, body: string, headers?: Record<string, string>];
  const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  const good = '{"prefix":"a/"}';

  const cases: Case[] = [
    ["nothing", 400, ""],
    ["truncated JSON", 400, '{"prefix":"a/vertraulich.txt"'],
    ["null", 400, "null"],
    ["a number", 400, "1"],
    ["a string", 400, '"prefix"'],
    ["only a byte order mark", 400, "\ufeff"],
    ["two archive specs", 400, '{"prefix":"a/"}{"prefix":"b/"}'],
    ["a comment", 400, '{"prefix":"a/"/* b/ */}'],
    ["a prefix and entries", 400, '{"prefix":"a/","entries":[{"key":"a/x"}]}'],
    ["an object instead of a list", 400, '{"entries":{"0":{"key":"a/x"},"length":1}}'],
    ["no entries", 400, '{"entries":[]}'],
    ["an empty key", 400, '{"entries":[{"key":""}]}'],
    ["nested lists", 400, `{"entries":${"[".repeat(9_000)}${"]".repeat(9_000)}}`],
    ["unclosed lists", 400, "[".repeat(40_000)],
    ["a number beyond the largest", 400, '{"entries":[{"key":"a/x","crc32":1e999}]}'],
    ["an unknown compression", 400, '{"prefix":"a/","compression":"../b"}'],
    ["a list", 400, '["a/vertraulich.txt"]'],
    ["deep nesting", 400, deep(7_000)],
    ["deep nesting in a field", 400, `{"prefix":${deep(7_000)}}`],
    ["a prototype", 400, '{"__proto__":{"prefix":"a/"}}'],
    ["a prototype beside an archive spec", 400, '{"prefix":"a/","__proto__":{"x":1}}'],
    ["a constructor", 400, '{"prefix":"a/","constructor":{"x":1}}'],
    ["a key that is an object", 400, '{"entries":[{"key":{"a":1}}]}'],
    ["a key that is too long", 400, `{"entries":[{"key":"${"a/".repeat(600)}"}]}`],
    ["an unknown field of an entry", 400, '{"entries":[{"key":"a/x","path":"b/x"}]}'],
    ["a manifest", 400, `{"manifest":"swapped.json","sha256":"${"0".repeat(64)}"}`],
    ["a name that is too long", 400, `{"prefix":"a/","name":"${"x".repeat(201)}"}`],
    ["too many entries", 422, JSON.stringify({ entries: Array(51).fill({ key: "a/x" }) })],
    ["a body over the limit", 413, `{"prefix":"${"a".repeat(60_000)}"}`],
    ["plain text", 415, good, { "Content-Type": "text/plain" }],
    ["a form", 415, good, { "Content-Type": "application/x-www-form-urlencoded" }],
    ["no type", 415, good, { "Content-Type": "" }],
    ["a type that begins the same", 415, good, { "Content-Type": "application/jsonp" }],
    ["compressed", 415, good, { "Content-Encoding": "gzip" }],
  ];

  test.each(cases)("%s: %i", async (_, status, body, headers = {}) => {
    const token = guarded.caller();
    for (const path of ["/zip", "/links"]) {
      const response = await download(guarded.service.url + path, {
        method: "POST",
        headers: {
          "Content-Type": "application/json",
          Authorization: `Bearer ${token}`,
          ...headers,
        },
        body,
      });
      expect(response.status, path).toBe(status);
      expectProblem(response, status);
      expectNoLeak(guarded, response, [token]);
    }
  });

  test("inject nothing into headers", async () => {
    const name = 'x"\r\nSet-Cookie: a=b\r\n\r\n<script>';
    const response = await post(`${guarded.service.url}/zip`, guarded.caller(), {
      prefix: "a/",
      name,
    });
    expect(response.status).toBe(200);
    expect(response.headers["set-cookie"]).toBeUndefined();
    expect(response.headers["content-disposition"]).toBe(
      'attachment; filename="x___Set-Cookie_ a=b_____script_.zip"',
    );
  });

  test("cannot put another host into links than they were sent to", async () => {
    const response = await post(
      `${guarded.service.url}/links`,
      guarded.caller(),
      { prefix: "a/" },
      { "X-Forwarded-Host": "evil.example", Forwarded: "host=evil.example" },
    );
    expect(response.bytes.toString()).not.toContain("evil.example");
  });
});

describe("ids of links and requests", () => {
  test.each(["l-1", "1", "0", "-1", "me", "admin", "..", "%2e%2e", "null", "healthz", "*"])(
    "open nothing: %s",
    async (id) => {
      for (const path of [`/zip/${id}`, `/zip/${id}/archive.zip`]) {
        const response = await download(guarded.service.url + path);
        expect([401, 404], path).toContain(response.status);
        expectProblem(response, response.status);
        expectNoLeak(guarded, response);
      }
    },
  );

  test("are not revealed: an existing id gets the same answer as an unknown one", async () => {
    const token = guarded.link({ prefix: "a/" }, { jti: "known" });
    expect((await download(`${guarded.service.url}/zip/${token}`)).status).toBe(200);
    const bodies = await Promise.all(
      ["known", "unknown"].map(async (id) =>
        (await download(`${guarded.service.url}/zip/${id}`)).bytes.toString(),
      ),
    );
    expect(bodies[0]).toBe(bodies[1]);
  });
});

describe("an application's ids", () => {
  const own = new Map<unknown, string>([
    [1, "a/vertraulich.txt"],
    ["2", "a/sub/gehalt.pdf"],
  ]);
  const resolve: Resolve = async (ids, { id }) =>
    ids.map((asked) => {
      const key = id === "caller-1" ? own.get(asked) : undefined;
      return key === undefined ? undefined : { key };
    });
  const { post: send, events } = appOf(
    createMemorySource({ "a/vertraulich.txt": "1", "a/sub/gehalt.pdf": "2", "b/x": "3" }),
    { resolve },
  );

  test.each<[string, number, unknown[], string?]>([
    ["the next one", 404, [2]],
    ["the one before", 404, [0]],
    ["one below zero", 404, [-1]],
    ["one of their own beside another's", 404, [1, 3]],
    ["one of their own many times beside another's", 404, [1, 1, 1, 3]],
    ["the same as a string", 404, ["1"]],
    ["the same with a space", 404, ["2 "]],
    ["the largest exact number", 404, [Number.MAX_SAFE_INTEGER]],
    ["a number with a fraction", 400, [1.5]],
    ["a number too large to be exact", 400, [1e300]],
    ["SQL", 404, ["1 OR 1=1 --"]],
    ["a key", 404, ["a/vertraulich.txt"]],
    ["a path", 404, ["../a/vertraulich.txt"]],
    ["a pattern", 404, ["%"]],
    ["an operator", 400, [{ $gt: "" }]],
    ["a nested list", 400, [[1]]],
    ["true", 400, [true]],
    ["null", 400, [null]],
    ["an empty string", 400, [""]],
    ["a very long string", 400, ["x".repeat(2000)]],
    ["theirs, by another caller", 404, [1], "caller-2"],
  ])("%s: %i", async (_, status, ids, sub = "caller-1") => {
    for (const path of ["/zip", "/links"]) {
      const response = await send(path, { ids }, {}, callerToken(apiSecret, [""], { sub }));
      expect(response.status, path).toBe(status);
      const body = await response.text();
      if (status === 404) {
        expect(JSON.parse(body).detail).toBe("One or more objects were not found.");
      }
      const shown = body + JSON.stringify([...response.headers]) + JSON.stringify(events);
      for (const secret of ["vertraulich", "gehalt", "b/x"]) expect(shown).not.toContain(secret);
    }
  });
});

describe("metrics", () => {
  test("cannot be read with a caller's or a link's token", async () => {
    for (const token of [guarded.caller(), guarded.link({ prefix: "" }), "x".repeat(64)]) {
      const headers = { Authorization: `Bearer ${token}` };
      const response = await download(`${guarded.service.url}/metrics`, { headers });
      expect(response.status).toBe(401);
      expectProblem(response, 401);
      expectNoLeak(guarded, response, [token]);
    }
  });
});

describe("headers", () => {
  type Case = [name: string, status: number, headers: Record<string, string>];
  const cases: Case[] = [
    ["a very long list of ranges", 200, { Range: `bytes=${"0-1,".repeat(2000)}0-1` }],
    ["a range beyond the largest number", 416, { Range: `bytes=${"9".repeat(400)}-` }],
    ["a malformed range", 200, { Range: "bytes=0x10-" }],
    ["a very long list of tags", 200, { "If-None-Match": '"a",'.repeat(2500) }],
    ["an unclosed tag", 412, { "If-Match": `"${"a".repeat(9000)}` }],
    ["a request id that is a program", 200, { "X-Request-Id": "$(id)" }],
    ["a very long request id", 200, { "X-Request-Id": "a".repeat(9000) }],
    ["a very long trace header", 200, { traceparent: `00-${"a".repeat(9000)}` }],
    ["another method in an override header", 200, { "X-HTTP-Method-Override": "DELETE" }],
    ["another host", 200, { "X-Forwarded-Host": "evil.example" }],
    ["another path", 200, { "X-Original-URL": "/metrics", "X-Rewrite-URL": "/metrics" }],
    ["a body with a GET", 200, { "Content-Type": "application/json" }],
  ];

  test.each(cases)("%s: %i", async (_, status, headers) => {
    const token = guarded.link({ prefix: "a/" });
    const response = await download(`${guarded.service.url}/zip/${token}`, { headers });
    expect(response.status).toBe(status);
    if (status >= 400) expectProblem(response, status);
    expect(response.headers["x-request-id"]).toMatch(/^[\w-]{36}$/);
    // The archive itself contains its files' names.
    expectNoLeak(guarded, status < 400 ? { ...response, bytes: Buffer.alloc(0) } : response, [
      token,
    ]);
  });
});

describe("methods", () => {
  test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])(
    "%s of a POST route: 405",
    async (method) => {
      for (const path of ["/zip", "/links"]) {
        const headers = {
          Authorization: `Bearer ${guarded.caller()}`,
          "X-HTTP-Method-Override": "POST",
        };
        const response = await download(guarded.service.url + path, { method, headers });
        expect(response.status).toBe(405);
        expect(response.headers.allow).toBe("POST");
        expectNoLeak(guarded, response);
      }
    },
  );

  test("POST of a link: 405", async () => {
    const token = guarded.link({ prefix: "a/" });
    const response = await post(`${guarded.service.url}/zip/${token}`, guarded.caller(), {});
    expect(response.status).toBe(405);
    expectNoLeak(guarded, response, [token]);
  });
});

describeLog(() => guarded, { refusals: 80, tokens: 4 });
