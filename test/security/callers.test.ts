/**
 * Attacks with callers' tokens and scopes, one per row, against a service in a process of its own. Every
 * row states the expected status; every response and the whole log are searched for secrets. To add a
 * case, add a row.
 */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { handmade, hmac, pemOf, post, seconds } from "../support/api-client.ts";
import { describeLog, expectNoLeak, expectProblem } from "../support/attacks.ts";
import { type GuardedService, signerOf, startGuardedService } from "../support/guarded-service.ts";

let guarded: GuardedService;

beforeAll(async () => {
  guarded = await startGuardedService();
});
afterAll(() => guarded.stop());

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
      "a caller's claims signed by a link's key",
      bad,
      ({ caller, links }) => `Bearer ${caller({}, links.oct)}`,
    ],
    [
      "a caller's claims signed by a link's key with a caller's kid",
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
      // The requested prefix exists, which the response must not reveal.
      const url = guarded.service.url + path;
      const response = await post(url, undefined, { prefix: "a/" }, headers);
      expect(response.status).toBe(401);
      expect(response.headers["www-authenticate"]).toBe(challenge);
      expectProblem(response, 401);
      expectNoLeak(guarded, response, authorization.length > 20 ? [authorization.slice(7)] : []);
    }
  });

  test("that are genuine are accepted, for every kind of key", async () => {
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
    // Within the scope
    ["a key of their own", 200, key("a/vertraulich.txt")],
    ["a key of their own in a folder", 200, key("a/sub/gehalt.pdf")],
    ["their folder", 200, { prefix: "a/" }],
    ["a part of their folder", 200, { prefix: "a/s" }],
    ["a scope without its trailing slash", 200, { prefix: "a/" }, ["a"]],
    ["the second of two scopes", 200, key("b/kündigung.txt"), ["a/", "b/"]],
    ["everything, if that is the scope", 200, { prefix: "" }, [""]],
    // Another tenant's
    ["another's key", 403, key("b/kündigung.txt")],
    [
      "another's key beside one of their own",
      403,
      { entries: [{ key: "a/vertraulich.txt" }, { key: "b/kündigung.txt" }] },
    ],
    ["another's key that does not exist", 403, key("b/nothing")],
    ["a neighbour whose name begins the same", 403, key("ab/befund.txt")],
    ["the same, from a scope without its trailing slash", 403, key("ab/befund.txt"), ["a"]],
    ["a prefix that includes the neighbour", 403, { prefix: "a" }],
    ["the same, from a scope without its trailing slash", 403, { prefix: "a" }, ["a"]],
    ["every key there is", 403, { prefix: "" }],
    ["another's folder", 403, { prefix: "b/" }],
    ["another letter case", 403, key("A/vertraulich.txt")],
    // Ways around the scope
    ["the parent folder", 403, key("a/../b/kündigung.txt")],
    ["the parent folder, in a prefix", 403, { prefix: "a/../b/" }],
    ["the parent folder at the end", 403, { prefix: "a/.." }],
    ["the folder itself", 403, key("a/./vertraulich.txt")],
    ["a leading slash", 403, key("/a/vertraulich.txt")],
    ["two leading slashes", 403, key("//a/vertraulich.txt")],
    ["a leading dot", 403, key("./a/vertraulich.txt")],
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
    ["a four-byte overlong slash", 403, key("a/..%f0%80%80%afb/kündigung.txt")],
    ["a slash in IIS encoding", 403, key("a/..%u2215b/kündigung.txt")],
    ["a division slash after dots", 403, key("a/..∕b/kündigung.txt")],
    ["small full stops", 403, key("a/﹒﹒/b/kündigung.txt")],
    ["three dots", 403, key("a/.../b/kündigung.txt")],
    ["a tab between dots", 403, key("a/.\t./b/kündigung.txt")],
    ["dots after an encoded space", 403, key("a/%20../b/kündigung.txt")],
    ["a drive", 403, key("C:/a/vertraulich.txt")],
    ["a URL", 403, key("file:///a/vertraulich.txt")],
    ["their folder, from a scope in another letter case", 403, { prefix: "a/" }, ["A/"]],
    ["dots in IIS encoding", 403, key("a/%u002e%u002e/b/kündigung.txt")],
    ["full-width dots", 403, key("a/．．/b/kündigung.txt")],
    ["a two-dot leader", 403, key("a/‥/b/kündigung.txt")],
    ["a full-width slash", 403, key("a/..／b/kündigung.txt")],
    ["dots and a space", 403, key("a/.. /b/kündigung.txt")],
    ["a NUL", 403, key("a/vertraulich.txt\0.png")],
    ["an encoded NUL", 403, key("a/vertraulich.txt%00.png")],
    ["a line break", 403, key("a/x\r\nb")],
    ["half a character", 403, key("a/\ud800")],
    // Names that look like one of these but are harmless
    ["a percent sign", 404, key("a/100% sure.txt")],
    ["an encoded percent sign", 404, key("a/100%25.txt")],
    ["dots within a name", 404, key("a/a..b.txt")],
    ["a fraction", 404, key("a/1⁄2.txt")],
    ["a name that begins with a dot", 404, key("a/.env")],
    // Invalid scopes
    ["no scope", 403, { prefix: "a/" }, undefined],
    ["an empty scope", 403, { prefix: "a/" }, []],
    ["a scope as a string", 403, { prefix: "a/" }, "a/"],
    ["a scope of numbers", 403, { prefix: "a/" }, [1]],
    ["a scope with the parent folder in it", 403, { prefix: "a/../b/" }, ["a/../b/"]],
    ["a scope with a leading slash", 403, { prefix: "a/" }, ["/a/"]],
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
      expectNoLeak(guarded, response, [token]);
      if (status === 403) {
        expect(response.headers["www-authenticate"]).toBe('Bearer error="insufficient_scope"');
      }
    }
  });

  test("give the same answer whether or not the object exists", async () => {
    const token = guarded.caller();
    const bodies = await Promise.all(
      ["b/kündigung.txt", "b/nothing"].map(async (name) => {
        const response = await post(`${guarded.service.url}/zip`, token, key(name));
        return response.bytes.toString();
      }),
    );
    expect(bodies[0]).toBe(bodies[1]);
  });

  test("are refused if they have an unknown field", async () => {
    const token = guarded.caller({ scope: { prefixes: ["a/"], readOnly: true } });
    expect((await post(`${guarded.service.url}/zip`, token, { prefix: "a/" })).status).toBe(403);
  });
});

describeLog(() => guarded, { refusals: 150, tokens: 20 });
