import { generateKeyPairSync, randomBytes } from "node:crypto";
import type { JWK } from "jose";
import { describe, expect, test } from "vitest";
import { type JwtKeys, parseJwks, secretKeys, shareKey } from "../../../core/links/jwt-keys.ts";
import { signLink, verifyLink } from "../../../core/links/link.ts";
import { handmade, hmac, pemOf, privately, seconds } from "../../support/api-client.ts";
import { codeOf } from "../../support/error-codes.ts";
import { linkSecret as secret } from "../../support/secrets.ts";

const oct = (kid?: string): JWK => ({
  kty: "oct",
  k: randomBytes(32).toString("base64url"),
  ...(kid === undefined ? {} : { kid }),
});
const ec = (kid: string): JWK => ({
  ...generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({ format: "jwk" }),
  kid,
});
const ed = (kid: string): JWK => ({
  ...generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" }),
  kid,
});
const publicOf = ({ d: _, ...jwk }: JWK) => jwk;
const keysOf = (...keys: JWK[]): JwtKeys => parseJwks(JSON.stringify({ keys }));

const zip = { prefix: "a/" };
const claims = { aud: "ziplink", exp: seconds(600), zip };
const sign = (keys: JwtKeys) => signLink(zip, { keys, expires: new Date(Date.now() + 60_000) });
const verify = (token: string, keys: JwtKeys) => codeOf(verifyLink(token, keys));
const headerOf = (token: string) =>
  JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString());

describe("a set of keys", () => {
  test.each([
    ["HS256", oct("k")],
    ["ES256", ec("k")],
    ["EdDSA", ed("k")],
  ])("signs and verifies with %s, the algorithm of its key", async (alg, jwk) => {
    const token = await sign(keysOf(jwk));
    expect(headerOf(token)).toEqual({ alg, typ: "JWT", kid: "k" });
    expect(await verify(token, keysOf(jwk))).toBe("resolved");
  });

  test("verifies with the public key, which cannot sign", async () => {
    for (const jwk of [ec("k"), ed("k")]) {
      const token = await sign(keysOf(jwk));
      const keys = keysOf(publicOf(jwk));
      expect(await verify(token, keys)).toBe("resolved");
      await expect(sign(keys)).rejects.toThrow("None of the keys can sign");
    }
  });

  test("can be rotated key by key, and no link breaks before its key is removed", async () => {
    const [old, next] = [ec("2026-1"), ed("2026-2")];
    const before = await sign(keysOf(old));
    const announced = keysOf(old, next); // verifies with both, signs with the old one
    expect(headerOf(await sign(announced)).kid).toBe("2026-1");
    const switched = keysOf(next, old);
    const after = await sign(switched);
    expect(headerOf(after).kid).toBe("2026-2");
    for (const keys of [announced, switched]) {
      expect(await verify(before, keys)).toBe("resolved");
      expect(await verify(after, keys)).toBe("resolved");
    }
    expect(await verify(before, keysOf(next))).toBe("unauthorized");
    expect(await verify(after, keysOf(next))).toBe("resolved");
  });

  test("can replace a secret: the key without a kid verifies tokens without one", async () => {
    const token = await sign(secretKeys(secret));
    const kept: JWK = { kty: "oct", k: Buffer.from(secret).toString("base64url") };
    expect(await verify(token, keysOf(ed("new"), kept))).toBe("resolved");
    expect(await verify(token, keysOf(ed("new")))).toBe("unauthorized");
  });

  test("ignores parameters of a JWK that it does not need", () => {
    const keys = keysOf({ ...ec("k"), key_ops: ["sign"], ext: true, use: "sig", alg: "ES256" });
    expect(keys).toMatchObject([{ kid: "k", algorithm: "ES256" }]);
  });

  test("shares a key with another set if the key is the same, whatever its kid", () => {
    const one = ec("one");
    const renamed = { ...publicOf(one), kid: "two" };
    expect(shareKey(keysOf(oct("a"), one), keysOf(oct("a"), renamed))).toBe(true);
    expect(shareKey(keysOf(oct("a"), one), keysOf(oct("a"), ec("one")))).toBe(false);
  });
});

describe("refuses a token", () => {
  const [shared, curve, edwards] = [oct("oct"), ec("ec"), ed("ed")];
  const keys = keysOf(shared, publicOf(curve), publicOf(edwards));
  const k = Buffer.from(shared.k ?? "", "base64url");

  test.each<[string, object, (input: string) => Buffer | string]>([
    ["with an unknown kid", { alg: "HS256", kid: "x" }, hmac(k)],
    ["without a kid, if all keys have one", { alg: "HS256" }, hmac(k)],
    ["with a kid that is not a string", { alg: "HS256", kid: ["oct"] }, hmac(k)],
    ["with the kid of another key", { alg: "HS256", kid: "ec" }, hmac(k)],
    ["whose HMAC secret is the public key, PEM", { alg: "HS256", kid: "ec" }, hmac(pemOf(curve))],
    [
      "whose HMAC secret is the public key, x",
      { alg: "HS256", kid: "ed" },
      hmac(Buffer.from(edwards.x ?? "", "base64url")),
    ],
    [
      "whose HMAC secret is the public key, JWK",
      { alg: "HS256", kid: "ec" },
      hmac(JSON.stringify(publicOf(curve))),
    ],
    ["with a longer hash than the key's", { alg: "HS512", kid: "oct" }, hmac(k)],
    ["that contains its own key", { alg: "EdDSA", jwk: publicOf(ed("z")) }, privately(edwards)],
    ["signed with another key of the same kind", { alg: "ES256", kid: "ec" }, privately(ec("ec"))],
    ["that says Ed25519 for ES256", { alg: "EdDSA", kid: "ec" }, privately(edwards)],
    ["without a signature", { alg: "ES256", kid: "ec" }, () => ""],
    ["with a signature of zeros", { alg: "ES256", kid: "ec" }, () => Buffer.alloc(64)],
    ["with the algorithm none", { alg: "none", kid: "oct" }, () => ""],
    ["with an unencoded payload", { alg: "HS256", kid: "oct", b64: false, crit: ["b64"] }, hmac(k)],
  ])("%s", async (_, header, signer) => {
    expect(await verify(handmade(header, claims, signer), keys)).toBe("unauthorized");
  });

  test("unless it is genuine", async () => {
    for (const [header, signer] of [
      [{ alg: "HS256", kid: "oct" }, hmac(k)],
      [{ alg: "ES256", kid: "ec" }, privately(curve)],
      [{ alg: "EdDSA", kid: "ed" }, privately(edwards)],
    ] as const) {
      expect(await verify(handmade(header, claims, signer), keys)).toBe("resolved");
    }
  });
});

describe("refuses a set", () => {
  const good = ec("k");
  test.each<[string, string, RegExp]>([
    ["that is not JSON", "-----BEGIN", /^keys: is not JSON/],
    ["that is a single key", JSON.stringify(good), /^keys: /],
    ["without keys", '{"keys":[]}', /^keys: /],
    ["with a short secret", JSON.stringify({ keys: [{ kty: "oct", k: "c2hvcnQ" }] }), /keys\.0\.k/],
    ["with RSA", JSON.stringify({ keys: [{ kty: "RSA", n: "x", e: "AQAB" }] }), /keys\.0\.kty/],
    ["with another curve", JSON.stringify({ keys: [{ ...good, crv: "P-384" }] }), /keys\.0\.crv/],
    ["with X25519", JSON.stringify({ keys: [{ ...ed("e"), crv: "X25519" }] }), /keys\.0\.crv/],
    ["with another alg", JSON.stringify({ keys: [{ ...good, alg: "HS256" }] }), /keys\.0\.alg/],
    ["for encryption", JSON.stringify({ keys: [{ ...good, use: "enc" }] }), /keys\.0\.use/],
    [
      "off the curve",
      JSON.stringify({ keys: [{ ...good, x: good.y }] }),
      /keys\.0: is not a valid/,
    ],
    [
      "with the same kid twice",
      JSON.stringify({ keys: [good, ec("k")] }),
      /^keys: each must have a unique kid/,
    ],
    [
      "with two keys without a kid",
      JSON.stringify({ keys: [oct(), oct()] }),
      /^keys: each must have a unique kid/,
    ],
  ])("%s", (_, text, message) => {
    expect(() => parseJwks(text)).toThrow(message);
    expect(() => parseJwks(text)).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining(good.d ?? "") }),
    );
  });
});
