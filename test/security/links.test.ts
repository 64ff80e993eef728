/**
 * Attacks with links, one per row, against a service in a process of its own. Every row states the
 * expected status; every response and the whole log are searched for secrets. To add a case, add a row.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { handmade, hmac, pemOf, privately, seconds } from "../support/api-client.ts";
import { describeLog, expectNoLeak, expectProblem } from "../support/attacks.ts";
import { download } from "../support/download.ts";
import {
  type GuardedService,
  publicOf,
  signerOf,
  startGuardedService,
} from "../support/guarded-service.ts";

let guarded: GuardedService;

beforeAll(async () => {
  guarded = await startGuardedService();
});
afterAll(() => guarded.stop());

describe("links", () => {
  type Case = [name: string, status: number, token: (g: GuardedService) => string];
  const zip = { entries: [{ key: "a/vertraulich.txt" }] };
  const claims = { aud: "ziplink", exp: seconds(600), zip };
  const b64 = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

  const cases: Case[] = [
    // Forged
    ["garbage", 401, () => "garbage"],
    ["dots alone", 401, () => "..."],
    ["another key with the kid", 401, ({ link, callers }) => link(zip, {}, rekid(callers.oct))],
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
      "a key that the token contains",
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
    // For another purpose or another time
    ["a caller's token", 401, ({ caller }) => caller()],
    ["a caller's token with an archive spec", 401, ({ caller }) => caller({ aud: "ziplink", zip })],
    ["another audience", 401, ({ link }) => link(zip, { aud: "ziplink-api" })],
    ["an audience that begins the same", 401, ({ link }) => link(zip, { aud: "ziplink2" })],
    ["claims that are not an object", 401, ({ links }) => signed(links.oct, ["ziplink"])],
    ["claims that are null", 401, ({ links }) => signed(links.oct, null)],
    ["an unknown critical header", 401, ({ links }) => signed(links.oct, claims, { crit: ["x"] })],
    ["a payload that is not encoded", 401, ({ links }) => signed(links.oct, claims, unencoded)],
    ["an infinite expiry", 401, ({ link }) => link(zip, { exp: "Infinity" })],
    ["a token of 8 KB", 400, ({ link }) => link({ ...zip, more: "x".repeat(6000) })],
    ["no audience", 401, ({ link }) => link(zip, { aud: undefined })],
    ["no expiry", 401, ({ link }) => link(zip, { exp: undefined })],
    ["an expiry as a string", 401, ({ link }) => link(zip, { exp: "2099-01-01" })],
    ["not yet valid", 401, ({ link }) => link(zip, { nbf: seconds(600) })],
    ["expired", 410, ({ link }) => link(zip, { exp: seconds(-1) })],
    // Genuine, with an archive spec that must not work
    ["a parent folder", 404, ({ link }) => link({ entries: [{ key: "../manifests" }] })],
    ["an absolute path", 404, ({ link }) => link({ entries: [{ key: "/etc/passwd" }] })],
    ["a NUL in a key", 404, ({ link }) => link({ entries: [{ key: "a\0" }] })],
    ["an unknown field", 400, ({ link }) => link({ ...zip, scope: "x" })],
    ["a manifest outside its folder", 400, ({ link }) => link(manifest("../files/a"))],
    ["a manifest that does not exist", 404, ({ link }) => link(manifest("x.json"))],
    ["a manifest that was swapped", 412, ({ link }) => link(manifest("swapped.json"))],
    ["a manifest and an archive spec", 400, ({ link }) => link({ ...manifest("x.json"), ...zip })],
    ["a manifest without its hash", 400, ({ link }) => link({ manifest: "swapped.json" })],
    ["a manifest's hash in capitals", 400, ({ link }) => link(manifest("swapped.json", "A"))],
    ["a manifest by an absolute path", 400, ({ link }) => link(manifest("/etc/passwd"))],
    ["a manifest in an encoded folder", 400, ({ link }) => link(manifest("..%2fx.json"))],
    ["a deeply nested archive spec", 400, ({ link }) => link(nested(500))],
    ["an archive spec within nested lists", 400, ({ link }) => link({ entries: [[[[[zip]]]]] })],
    ["an archive spec that is a string", 400, ({ link }) => link("prefix")],
    ["no archive spec", 400, ({ link }) => link(undefined)],
    ["more entries than allowed", 422, ({ link }) => link({ entries: many(51) })],
    ["an ETag with a line break", 400, ({ link }) => link({ ...zip, etag: '"a\r\nb"' })],
    ["a checksum beyond 32 bits", 400, ({ link }) => link(sized(2 ** 32))],
    ["a negative checksum", 400, ({ link }) => link(sized(-1))],
    ["encoded dots", 404, ({ link }) => link({ entries: [{ key: "%2e%2e/manifests" }] })],
    ["a Windows path", 404, ({ link }) => link({ entries: [{ key: "..\\manifests" }] })],
    ["a Windows drive", 404, ({ link }) => link({ entries: [{ key: "C:/Windows/win.ini" }] })],
    ["a URL as a key", 404, ({ link }) => link({ entries: [{ key: "http://127.0.0.1:1/" }] })],
    ["a prefix outside the folder", 404, ({ link }) => link({ prefix: "../manifests/" })],
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
    expectNoLeak(guarded, response, token.length > 10 ? [token] : []);
  });

  test("that are genuine open, for every kind of key", async () => {
    for (const key of Object.values(guarded.links)) {
      const response = await download(`${guarded.service.url}/zip/${guarded.link(zip, {}, key)}`);
      expect(response.status).toBe(200);
      expect(response.bytes.includes("of a")).toBe(true);
    }
    expectNoLeak(guarded, { status: 200, headers: {}, bytes: Buffer.alloc(0), complete: true });
  });

  test("give the same answer whether or not their objects exist", async () => {
    const answerTo = async (key: string) => {
      const token = guarded.link({ entries: [{ key }] }, {}, rekid(guarded.callers.oct));
      const { status, bytes } = await download(`${guarded.service.url}/zip/${token}`);
      return { status, body: bytes.toString() };
    };
    expect(await answerTo("a/vertraulich.txt")).toEqual(await answerTo("a/nothing"));
  });
});

describeLog(() => guarded, { refusals: 50, tokens: 40 });
