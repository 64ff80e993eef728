/**
 * What an attacker would try, one row each, against a service in a process of its own. Every row states
 * the status; every answer and the whole log are searched for what must not be there. To add a case, add
 * a row.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemorySource } from "../adapters/memory.ts";
import type { Resolve } from "../functions/api-request.ts";
import {
  callerToken,
  handmade,
  hmac,
  pemOf,
  post,
  privately,
  seconds,
} from "./support/api-client.ts";
import { appOf } from "./support/apps.ts";
import { type Downloaded, download } from "./support/download.ts";
import {
  type GuardedService,
  publicOf,
  signerOf,
  startGuardedService,
} from "./support/guarded-service.ts";
import { apiSecret } from "./support/secrets.ts";

let guarded: GuardedService;

beforeAll(async () => {
  guarded = await startGuardedService();
});
afterAll(() => guarded.stop());

/** Whatever was asked, nothing shows in the answer and nothing in the log. */
function expectNoLeak({ headers, bytes }: Downloaded, hidden: readonly string[] = []): void {
  const shown = JSON.stringify(headers) + bytes.toString("latin1") + bytes.toString("utf8");
  for (const secret of [...guarded.secrets, ...hidden]) expect(shown).not.toContain(secret);
  const logged = guarded.service.output();
  for (const secret of guarded.secrets) expect(logged).not.toContain(secret);
}

/** That the answer is a refusal as documented, in words of ours. */
function expectProblem({ headers, bytes }: Downloaded, status: number): void {
  expect(headers["content-type"]).toBe("application/problem+json");
  expect(headers["cache-control"]).toBe("no-store");
  expect(JSON.parse(bytes.toString())).toMatchObject({ status, type: "about:blank" });
}

describe("links", () => {
  type Case = [name: string, status: number, token: (g: GuardedService) => string];
  const zip = { entries: [{ key: "a/vertraulich.txt" }] };
  const claims = { aud: "ziplink", exp: seconds(600), zip };
  const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

  const cases: Case[] = [
    // Forged
    ["garbage", 401, () => "garbage"],
    ["dots alone", 401, () => "..."],
    ["another key under the kid", 401, ({ link, callers }) => link(zip, {}, rekid(callers.oct))],
    ["no kid", 401, ({ links }) => handmade({ alg: "HS256" }, claims, signerOf(links.oct).sign)],
    [
      "an unknown kid",
      401,
      ({ links }) => handmade({ alg: "HS256", kid: "nope" }, claims, signerOf(links.oct).sign),
    ],
    [
      "a kid that is a path",
      401,
      ({ links }) =>
        handmade({ alg: "HS256", kid: "../../dev/null" }, claims, signerOf(links.oct).sign),
    ],
    ["no signature", 401, ({ link }) => link(zip).replace(/[^.]*$/, "")],
    ["changed claims", 401, ({ link }) => link(zip).replace(/\..*\./, `.${b64(claims)}.`)],
    ["alg none", 401, () => handmade({ alg: "none", kid: "l-oct" }, claims, () => "")],
    ["alg nOnE", 401, () => handmade({ alg: "nOnE", kid: "l-oct" }, claims, () => "")],
    // Algorithm confusion
    [
      "the public key's PEM as an HMAC secret",
      401,
      ({ links }) => handmade({ alg: "HS256", kid: "l-ec" }, claims, hmac(pemOf(links.ec))),
    ],
    [
      "the public JWK as an HMAC secret",
      401,
      ({ links }) =>
        handmade({ alg: "HS256", kid: "l-ed" }, claims, hmac(JSON.stringify(publicOf(links.ed)))),
    ],
    [
      "the public key's bytes as an HMAC secret",
      401,
      ({ links }) =>
        handmade(
          { alg: "HS256", kid: "l-ed" },
          claims,
          hmac(Buffer.from(links.ed.x ?? "", "base64url")),
        ),
    ],
    [
      "a key that the token brings along",
      401,
      ({ callers }) =>
        handmade(
          { alg: "ES256", kid: "l-ec", jwk: publicOf(callers.ec) },
          claims,
          privately(callers.ec),
        ),
    ],
    [
      "a key set that the token points to",
      401,
      ({ callers }) =>
        handmade(
          { alg: "ES256", kid: "c-ec", jku: "http://127.0.0.1:1/jwks" },
          claims,
          privately(callers.ec),
        ),
    ],
    [
      "an ECDSA signature of zeros",
      401,
      () => handmade({ alg: "ES256", kid: "l-ec" }, claims, () => Buffer.alloc(64)),
    ],
    // Meant for something else, or another time
    ["a caller's token", 401, ({ caller }) => caller()],
    ["a caller's token with a request", 401, ({ caller }) => caller({ aud: "ziplink", zip })],
    ["another audience", 401, ({ link }) => link(zip, { aud: "ziplink-api" })],
    ["an audience that begins alike", 401, ({ link }) => link(zip, { aud: "ziplink2" })],
    ["claims that are no object", 401, ({ links }) => signed(links.oct, ["ziplink"])],
    ["claims that are null", 401, ({ links }) => signed(links.oct, null)],
    ["a header that is critical", 401, ({ links }) => signed(links.oct, claims, { crit: ["x"] })],
    ["a payload that is not encoded", 401, ({ links }) => signed(links.oct, claims, unencoded)],
    ["an expiry beyond all numbers", 401, ({ link }) => link(zip, { exp: "Infinity" })],
    ["a token of 8 KB", 400, ({ link }) => link({ ...zip, more: "x".repeat(6000) })],
    ["no audience", 401, ({ link }) => link(zip, { aud: undefined })],
    ["no expiry", 401, ({ link }) => link(zip, { exp: undefined })],
    ["an expiry in words", 401, ({ link }) => link(zip, { exp: "2099-01-01" })],
    ["not yet valid", 401, ({ link }) => link(zip, { nbf: seconds(600) })],
    ["expired", 410, ({ link }) => link(zip, { exp: seconds(-1) })],
    // Genuine, with a request that must not work
    ["a parent folder", 404, ({ link }) => link({ entries: [{ key: "../manifests" }] })],
    ["an absolute path", 404, ({ link }) => link({ entries: [{ key: "/etc/passwd" }] })],
    ["a NUL in a key", 404, ({ link }) => link({ entries: [{ key: "a\0" }] })],
    ["an unknown field", 400, ({ link }) => link({ ...zip, scope: "x" })],
    ["a manifest out of its folder", 400, ({ link }) => link(manifest("../files/a"))],
    ["a manifest that is not there", 404, ({ link }) => link(manifest("x.json"))],
    ["a manifest that was swapped", 412, ({ link }) => link(manifest("swapped.json"))],
    ["a manifest and a request", 400, ({ link }) => link({ ...manifest("x.json"), ...zip })],
    ["a manifest without its hash", 400, ({ link }) => link({ manifest: "swapped.json" })],
    ["a manifest's hash in capitals", 400, ({ link }) => link(manifest("swapped.json", "A"))],
    ["a manifest by an absolute path", 400, ({ link }) => link(manifest("/etc/passwd"))],
    ["a manifest in an encoded folder", 400, ({ link }) => link(manifest("..%2fx.json"))],
    ["a deeply nested request", 400, ({ link }) => link(nested(500))],
    ["a request within lists of lists", 400, ({ link }) => link({ entries: [[[[[zip]]]]] })],
    ["a request that is text", 400, ({ link }) => link("prefix")],
    ["no request", 400, ({ link }) => link(undefined)],
    ["more entries than are allowed", 422, ({ link }) => link({ entries: many(51) })],
    ["an ETag with a line break", 400, ({ link }) => link({ ...zip, etag: '"a\r\nb"' })],
    ["a checksum beyond 32 bits", 400, ({ link }) => link(sized(2 ** 32))],
    ["a checksum below zero", 400, ({ link }) => link(sized(-1))],
    ["encoded dots", 404, ({ link }) => link({ entries: [{ key: "%2e%2e/manifests" }] })],
    ["a Windows path", 404, ({ link }) => link({ entries: [{ key: "..\\manifests" }] })],
    ["a drive", 404, ({ link }) => link({ entries: [{ key: "C:/Windows/win.ini" }] })],
    ["a URL for a key", 404, ({ link }) => link({ entries: [{ key: "http://127.0.0.1:1/" }] })],
    ["a prefix out of the folder", 404, ({ link }) => link({ prefix: "../manifests/" })],
  ];
  const unencoded = { crit: ["b64"], b64: false };
  const signed = (jwk: GuardedService["links"]["oct"], payload: unknown, header: object = {}) =>
    handmade({ alg: "HS256", kid: jwk.kid, ...header }, payload, signerOf(jwk).sign);
  const many = (count: number) => Array(count).fill({ key: "a/vertraulich.txt" });
  const sized = (crc32: number) => ({ entries: [{ key: "a/vertraulich.txt", crc32 }] });
  const rekid = (jwk: object) => ({ ...jwk, kid: "l-oct" });
  const manifest = (name: string, digit = "0") => ({ manifest: name, sha256: digit.repeat(64) });
  const nested = (depth: number) =>
    JSON.parse(`${'{"prefix":'.repeat(depth)}1${"}".repeat(depth)}`);

  beforeAll(async () => {
    await mkdir(guarded.manifests, { recursive: true });
    await writeFile(join(guarded.manifests, "swapped.json"), JSON.stringify({ prefix: "" }));
  });

  test.each(cases)("%s: %i", async (_, status, tokenOf) => {
    const token = tokenOf(guarded);
    const response = await download(`${guarded.service.url}/zip/${token}`);
    expect(response.status).toBe(status);
    expectProblem(response, status);
    expectNoLeak(response, token.length > 10 ? [token] : []);
  });

  test("that are genuine open, by every kind of key", async () => {
    for (const key of Object.values(guarded.links)) {
      const response = await download(`${guarded.service.url}/zip/${guarded.link(zip, {}, key)}`);
      expect(response.status).toBe(200);
      expect(response.bytes.includes("of a")).toBe(true);
    }
    expectNoLeak({ status: 200, headers: {}, bytes: Buffer.alloc(0), complete: true });
  });

  test("answer alike whether or not there is anything behind them", async () => {
    const answerTo = async (key: string) => {
      const token = guarded.link({ entries: [{ key }] }, {}, rekid(guarded.callers.oct));
      const { status, bytes } = await download(`${guarded.service.url}/zip/${token}`);
      return { status, body: bytes.toString() };
    };
    expect(await answerTo("a/vertraulich.txt")).toEqual(await answerTo("a/nothing"));
  });
});

describe("credentials of callers", () => {
  type Case = [name: string, challenge: string, authorization: (g: GuardedService) => string];
  const none = "Bearer";
  const bad = 'Bearer error="invalid_token"';
  const claims = {
    aud: "ziplink-api",
    exp: seconds(600),
    sub: "caller-a",
    scope: { prefixes: [""] },
  };

  const cases: Case[] = [
    ["none", none, () => ""],
    ["another scheme", bad, () => "Basic YTpi"],
    ["the scheme alone", bad, () => "Bearer "],
    ["a token without the scheme", bad, ({ caller }) => caller()],
    ["two tokens", bad, ({ caller }) => `Bearer ${caller()} ${caller()}`],
    ["garbage", bad, () => "Bearer garbage"],
    ["a link's token", bad, ({ link }) => `Bearer ${link({ prefix: "" })}`],
    [
      "a caller's claims by a link's key",
      bad,
      ({ caller, links }) => `Bearer ${caller({}, links.oct)}`,
    ],
    [
      "a caller's claims by a link's key under a caller's kid",
      bad,
      ({ caller, links }) => `Bearer ${caller({}, { ...links.oct, kid: "c-oct" })}`,
    ],
    [
      "the public key as an HMAC secret",
      bad,
      ({ callers }) =>
        `Bearer ${handmade({ alg: "HS256", kid: "c-ec" }, claims, hmac(pemOf(callers.ec)))}`,
    ],
    [
      "the algorithm none",
      bad,
      () => `Bearer ${handmade({ alg: "none", kid: "c-oct" }, claims, () => "")}`,
    ],
    ["no kid", bad, ({ callers }) => `Bearer ${bare(callers.oct)}`],
    ["an expired token", bad, ({ caller }) => `Bearer ${caller({ exp: seconds(-1) })}`],
    ["a token not valid yet", bad, ({ caller }) => `Bearer ${caller({ nbf: seconds(60) })}`],
    ["a token without expiry", bad, ({ caller }) => `Bearer ${caller({ exp: undefined })}`],
    ["a token without subject", bad, ({ caller }) => `Bearer ${caller({ sub: undefined })}`],
    ["an empty subject", bad, ({ caller }) => `Bearer ${caller({ sub: "" })}`],
    ["another audience", bad, ({ caller }) => `Bearer ${caller({ aud: "ziplink" })}`],
  ];
  const bare = (jwk: GuardedService["callers"]["oct"]) =>
    handmade({ alg: "HS256" }, claims, signerOf(jwk).sign);

  test.each(cases)("%s", async (_, challenge, authorizationOf) => {
    const authorization = authorizationOf(guarded);
    for (const path of ["/zip", "/links"]) {
      const headers = authorization ? { Authorization: authorization } : {};
      // What is asked for is there: the answer must not depend on it.
      const url = guarded.service.url + path;
      const response = await post(url, undefined, { prefix: "a/" }, headers);
      expect(response.status).toBe(401);
      expect(response.headers["www-authenticate"]).toBe(challenge);
      expectProblem(response, 401);
      expectNoLeak(response, authorization.length > 20 ? [authorization.slice(7)] : []);
    }
  });

  test("that are genuine are taken, by every kind of key", async () => {
    for (const key of Object.values(guarded.callers)) {
      const token = guarded.caller({}, key);
      const response = await post(`${guarded.service.url}/links`, token, { prefix: "a/" });
      expect(response.status).toBe(201);
    }
  });
});

describe("scopes of callers", () => {
  type Case = [name: string, status: number, zip: object, prefixes?: unknown];
  const key = (text: string) => ({ entries: [{ key: text }] });

  const cases: Case[] = [
    // Within
    ["a key of theirs", 200, key("a/vertraulich.txt")],
    ["a key of theirs in a folder", 200, key("a/sub/gehalt.pdf")],
    ["their folder", 200, { prefix: "a/" }],
    ["a part of their folder", 200, { prefix: "a/s" }],
    ["a scope without its slash", 200, { prefix: "a/" }, ["a"]],
    ["the second of two scopes", 200, key("b/kündigung.txt"), ["a/", "b/"]],
    ["everything, where that is the scope", 200, { prefix: "" }, [""]],
    // Another tenant's
    ["another's key", 403, key("b/kündigung.txt")],
    [
      "another's key beside one of theirs",
      403,
      { entries: [{ key: "a/vertraulich.txt" }, { key: "b/kündigung.txt" }] },
    ],
    ["another's key that is not there", 403, key("b/nothing")],
    ["a neighbour whose name begins alike", 403, key("ab/befund.txt")],
    ["the same, from a scope without its slash", 403, key("ab/befund.txt"), ["a"]],
    ["a prefix that takes in the neighbour", 403, { prefix: "a" }],
    ["the same, from a scope without its slash", 403, { prefix: "a" }, ["a"]],
    ["every key there is", 403, { prefix: "" }],
    ["another's folder", 403, { prefix: "b/" }],
    ["another case", 403, key("A/vertraulich.txt")],
    // Ways around
    ["the parent folder", 403, key("a/../b/kündigung.txt")],
    ["the parent folder, in a prefix", 403, { prefix: "a/../b/" }],
    ["the parent folder at the end", 403, { prefix: "a/.." }],
    ["the folder itself", 403, key("a/./vertraulich.txt")],
    ["a slash before", 403, key("/a/vertraulich.txt")],
    ["two slashes before", 403, key("//a/vertraulich.txt")],
    ["a dot before", 403, key("./a/vertraulich.txt")],
    ["a backslash", 403, key("a\\..\\b\\kündigung.txt")],
    ["a mixture of slashes", 403, key("a/..\\b/kündigung.txt")],
    ["encoded dots", 403, key("a/%2e%2e/b/kündigung.txt")],
    ["encoded dots in capitals", 403, key("a/%2E%2E/b/kündigung.txt")],
    ["one encoded dot", 403, key("a/.%2e/b/kündigung.txt")],
    ["an encoded slash", 403, key("a/..%2fb%2fkündigung.txt")],
    ["an encoded backslash", 403, key("a/..%5cb%5ckündigung.txt")],
    ["dots encoded twice", 403, key("a/%252e%252e/b/kündigung.txt")],
    ["dots encoded four times", 403, key("a/%2525252e%2525252e/b/kündigung.txt")],
    ["overlong dots", 403, key("a/%c0%ae%c0%ae/b/kündigung.txt")],
    ["dots encoded in part, twice", 403, key("a/.%25%32%65/b/kündigung.txt")],
    ["an overlong slash", 403, key("a/..%c0%afb/kündigung.txt")],
    ["a longer overlong slash", 403, key("a/..%e0%80%afb/kündigung.txt")],
    ["a slash of four bytes, overlong", 403, key("a/..%f0%80%80%afb/kündigung.txt")],
    ["a slash of IIS", 403, key("a/..%u2215b/kündigung.txt")],
    ["a division slash behind dots", 403, key("a/..∕b/kündigung.txt")],
    ["small full stops", 403, key("a/﹒﹒/b/kündigung.txt")],
    ["dots with dots behind", 403, key("a/.../b/kündigung.txt")],
    ["a tab between dots", 403, key("a/.\t./b/kündigung.txt")],
    ["dots behind an encoded space", 403, key("a/%20../b/kündigung.txt")],
    ["a drive", 403, key("C:/a/vertraulich.txt")],
    ["a URL", 403, key("file:///a/vertraulich.txt")],
    ["their key with a case of its own in a scope", 403, { prefix: "a/" }, ["A/"]],
    ["dots of IIS", 403, key("a/%u002e%u002e/b/kündigung.txt")],
    ["full-width dots", 403, key("a/．．/b/kündigung.txt")],
    ["a two-dot leader", 403, key("a/‥/b/kündigung.txt")],
    ["a full-width slash", 403, key("a/..／b/kündigung.txt")],
    ["dots and a space", 403, key("a/.. /b/kündigung.txt")],
    ["a NUL", 403, key("a/vertraulich.txt\0.png")],
    ["an encoded NUL", 403, key("a/vertraulich.txt%00.png")],
    ["a line break", 403, key("a/x\r\nb")],
    ["half a character", 403, key("a/\ud800")],
    // What looks like one of these and is none
    ["a percent sign", 404, key("a/100% sure.txt")],
    ["an encoded percent sign", 404, key("a/100%25.txt")],
    ["dots within a name", 404, key("a/a..b.txt")],
    ["a fraction", 404, key("a/1⁄2.txt")],
    ["a name that begins with a dot", 404, key("a/.env")],
    // Scopes that are none
    ["no scope", 403, { prefix: "a/" }, undefined],
    ["a scope of nothing", 403, { prefix: "a/" }, []],
    ["a scope in words", 403, { prefix: "a/" }, "a/"],
    ["a scope of numbers", 403, { prefix: "a/" }, [1]],
    ["a scope with the parent folder in it", 403, { prefix: "a/../b/" }, ["a/../b/"]],
    ["a scope with a slash before", 403, { prefix: "a/" }, ["/a/"]],
  ];

  test.each(cases)("%s: %i", async (name, status, zip, prefixes = ["a/"]) => {
    const scope = name === "no scope" ? undefined : { prefixes };
    const token = guarded.caller({ scope });
    for (const path of ["/zip", "/links"]) {
      const response = await post(guarded.service.url + path, token, zip);
      const expected = status === 200 && path === "/links" ? 201 : status;
      expect(response.status, path).toBe(expected);
      if (status === 200) continue;
      expectProblem(response, status);
      expectNoLeak(response, [token]);
      if (status === 403) {
        expect(response.headers["www-authenticate"]).toBe('Bearer error="insufficient_scope"');
      }
    }
  });

  test("answer alike whether or not there is such an object", async () => {
    const token = guarded.caller();
    const bodies = await Promise.all(
      ["b/kündigung.txt", "b/nothing"].map(async (name) => {
        const response = await post(`${guarded.service.url}/zip`, token, key(name));
        return response.bytes.toString();
      }),
    );
    expect(bodies[0]).toBe(bodies[1]);
  });

  test("do not grow by a field that is not known", async () => {
    const token = guarded.caller({ scope: { prefixes: ["a/"], readOnly: true } });
    expect((await post(`${guarded.service.url}/zip`, token, { prefix: "a/" })).status).toBe(403);
  });
});

describe("bodies", () => {
  type Case = [name: string, status: number, body: string, headers?: Record<string, string>];
  const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${"}".repeat(depth)}`;
  const good = '{"prefix":"a/"}';

  const cases: Case[] = [
    ["nothing", 400, ""],
    ["no JSON", 400, '{"prefix":"a/vertraulich.txt"'],
    ["null", 400, "null"],
    ["a number", 400, "1"],
    ["text", 400, '"prefix"'],
    ["a byte order mark alone", 400, "\ufeff"],
    ["two requests", 400, '{"prefix":"a/"}{"prefix":"b/"}'],
    ["a comment", 400, '{"prefix":"a/"/* b/ */}'],
    ["a prefix and entries", 400, '{"prefix":"a/","entries":[{"key":"a/x"}]}'],
    ["a list that is an object", 400, '{"entries":{"0":{"key":"a/x"},"length":1}}'],
    ["no entries", 400, '{"entries":[]}'],
    ["an empty key", 400, '{"entries":[{"key":""}]}'],
    ["lists within lists", 400, `{"entries":${"[".repeat(9_000)}${"]".repeat(9_000)}}`],
    ["lists that do not end", 400, "[".repeat(40_000)],
    ["a number beyond all", 400, '{"entries":[{"key":"a/x","crc32":1e999}]}'],
    ["a compression that is none", 400, '{"prefix":"a/","compression":"../b"}'],
    ["a list", 400, '["a/vertraulich.txt"]'],
    ["deep nesting", 400, deep(7_000)],
    ["deep nesting in a field", 400, `{"prefix":${deep(7_000)}}`],
    ["a prototype", 400, '{"__proto__":{"prefix":"a/"}}'],
    ["a prototype beside a request", 400, '{"prefix":"a/","__proto__":{"x":1}}'],
    ["a constructor", 400, '{"prefix":"a/","constructor":{"x":1}}'],
    ["a key that is an object", 400, '{"entries":[{"key":{"a":1}}]}'],
    ["a key that is too long", 400, `{"entries":[{"key":"${"a/".repeat(600)}"}]}`],
    ["an unknown field of an entry", 400, '{"entries":[{"key":"a/x","path":"b/x"}]}'],
    ["a manifest", 400, `{"manifest":"swapped.json","sha256":"${"0".repeat(64)}"}`],
    ["a name that is too long", 400, `{"prefix":"a/","name":"${"x".repeat(201)}"}`],
    ["too many entries", 422, JSON.stringify({ entries: Array(51).fill({ key: "a/x" }) })],
    ["more than is read", 413, `{"prefix":"${"a".repeat(60_000)}"}`],
    ["text", 415, good, { "Content-Type": "text/plain" }],
    ["a form", 415, good, { "Content-Type": "application/x-www-form-urlencoded" }],
    ["no type", 415, good, { "Content-Type": "" }],
    ["a type that begins alike", 415, good, { "Content-Type": "application/jsonp" }],
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
      expectNoLeak(response, [token]);
    }
  });

  test("put nothing into headers", async () => {
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

  test("put no host of their own into links but that they were sent to", async () => {
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
        expectNoLeak(response);
      }
    },
  );

  test("are not told by the answer: one that was made is like one that was not", async () => {
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

describe("ids of an application", () => {
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
    ["one of theirs beside another's", 404, [1, 3]],
    ["one of theirs many times beside another's", 404, [1, 1, 1, 3]],
    ["the same in words", 404, ["1"]],
    ["the same with a space", 404, ["2 "]],
    ["the largest number", 404, [Number.MAX_SAFE_INTEGER]],
    ["a number with a fraction", 400, [1.5]],
    ["a number too large to be exact", 400, [1e300]],
    ["SQL", 404, ["1 OR 1=1 --"]],
    ["a key", 404, ["a/vertraulich.txt"]],
    ["a path", 404, ["../a/vertraulich.txt"]],
    ["a pattern", 404, ["%"]],
    ["an operator", 400, [{ $gt: "" }]],
    ["a list within the list", 400, [[1]]],
    ["true", 400, [true]],
    ["null", 400, [null]],
    ["an empty text", 400, [""]],
    ["a text without end", 400, ["x".repeat(2000)]],
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
  test("open to no token of a caller or a link", async () => {
    for (const token of [guarded.caller(), guarded.link({ prefix: "" }), "x".repeat(64)]) {
      const headers = { Authorization: `Bearer ${token}` };
      const response = await download(`${guarded.service.url}/metrics`, { headers });
      expect(response.status).toBe(401);
      expectProblem(response, 401);
      expectNoLeak(response, [token]);
    }
  });
});

describe("headers", () => {
  type Case = [name: string, status: number, headers: Record<string, string>];
  const cases: Case[] = [
    ["a range without end", 200, { Range: `bytes=${"0-1,".repeat(2000)}0-1` }],
    ["a range beyond all numbers", 416, { Range: `bytes=${"9".repeat(400)}-` }],
    ["a range that is none", 200, { Range: "bytes=0x10-" }],
    ["tags without end", 200, { "If-None-Match": '"a",'.repeat(2500) }],
    ["a tag that does not end", 412, { "If-Match": `"${"a".repeat(9000)}` }],
    ["a request id that is a program", 200, { "X-Request-Id": "$(id)" }],
    ["a request id without end", 200, { "X-Request-Id": "a".repeat(9000) }],
    ["a trace without end", 200, { traceparent: `00-${"a".repeat(9000)}` }],
    ["another method in disguise", 200, { "X-HTTP-Method-Override": "DELETE" }],
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
    // The archive itself names its files.
    expectNoLeak(status < 400 ? { ...response, bytes: Buffer.alloc(0) } : response, [token]);
  });
});

describe("methods", () => {
  test.each(["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])(
    "%s of what takes POST: 405",
    async (method) => {
      for (const path of ["/zip", "/links"]) {
        const headers = {
          Authorization: `Bearer ${guarded.caller()}`,
          "X-HTTP-Method-Override": "POST",
        };
        const response = await download(guarded.service.url + path, { method, headers });
        expect(response.status).toBe(405);
        expect(response.headers.allow).toBe("POST");
        expectNoLeak(response);
      }
    },
  );

  test("POST of a link: 405", async () => {
    const token = guarded.link({ prefix: "a/" });
    const response = await post(`${guarded.service.url}/zip/${token}`, guarded.caller(), {});
    expect(response.status).toBe(405);
    expectNoLeak(response, [token]);
  });
});

describe("the log of all of this", () => {
  test("has a line for each refusal, and no token, secret, key, name, folder or stack", () => {
    const log = guarded.service.output();
    const refused = log.split("\n").filter((line) => line.includes('"request_refused"'));
    expect(refused.length).toBeGreaterThan(150);
    for (const line of refused) {
      const { requestId, status, failure } = JSON.parse(line);
      expect(requestId).toMatch(/^[\w-]{36}$/);
      expect(failure.code).toBeTypeOf("string");
      expect(status).toBeLessThan(500);
    }
    expect(guarded.issued.size).toBeGreaterThan(50);
    for (const token of guarded.issued) {
      for (const part of token.split(".").slice(1)) expect(log).not.toContain(part);
    }
    for (const secret of [...guarded.secrets, "eyJ", "Bearer", "node_modules", "file://"]) {
      expect(log).not.toContain(secret);
    }
  });

  test("has nothing but lines of the log: no library prints", () => {
    const stray = guarded.service
      .output()
      .split("\n")
      .filter((line) => !/^\{"severity":"(INFO|WARNING)"/.test(line));
    expect(stray).toEqual([]);
  });
});
