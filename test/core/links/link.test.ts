import { generateKeyPairSync } from "node:crypto";
import { SignJWT } from "jose";
import { describe, expect, test } from "vitest";
import { ZiplinkError } from "../../../core/errors.ts";
import { digestToken, secretKeys } from "../../../core/links/jwt-keys.ts";
import { signLink, verifyLink } from "../../../core/links/link.ts";
import { base64url, hmac, seconds, handmade as signedByHand } from "../../support/api-client.ts";
import { linkSecret as secret } from "../../support/secrets.ts";

const key = secretKeys(secret);
const inAnHour = () => new Date(Date.now() + 3_600_000);
const zip = { prefix: "a/" };

const codeOf = (token: string) =>
  verifyLink(token, key).then(
    () => "verified",
    (error) => (error instanceof ZiplinkError ? error.code : String(error)),
  );

/** Makes a token by hand, as is possible in any language. */
const handmade = (header: object, payload: object, key = secret) =>
  signedByHand(header, payload, hmac(key));

const hs256 = { alg: "HS256", typ: "JWT" };
const claims = { aud: "ziplink", exp: seconds(3600), zip };

test("a signed link verifies to its spec", async () => {
  const spec = { name: "n", entries: [{ key: "k", name: "as.txt", crc32: 0xffffffff }] };
  const expires = new Date("2099-01-01T00:00:00Z");
  const token = await signLink(spec, { secret, expires, subject: "s-1", id: "l-1" });
  expect(await verifyLink(token, key)).toEqual({ id: "l-1", subject: "s-1", expires, spec });
});

test("a link may state its issuer and its title", async () => {
  const options = { secret, expires: inAnHour(), title: "Plans <3", issuer: "Kiefer & Söhne" };
  expect(await verifyLink(await signLink(zip, options), key)).toMatchObject({
    title: "Plans <3",
    issuer: "Kiefer & Söhne",
  });
  const byHand = handmade(hs256, { ...claims, iss: "https://app.example", title: "t" });
  expect(await verifyLink(byHand, key)).toMatchObject({
    title: "t",
    issuer: "https://app.example",
  });
});

test.each([
  ["title", ""],
  ["title", "x".repeat(201)],
  ["title", 7],
  ["iss", ""],
  ["iss", "x".repeat(201)],
])("a genuine token whose %s is %j is malformed", async (field, value) => {
  await expect(
    verifyLink(handmade(hs256, { ...claims, [field]: value }), key),
  ).rejects.toMatchObject({
    code: "malformed",
    details: { field },
  });
});

test("a link is not signed with a title that verifying would refuse", async () => {
  const options = { secret, expires: inAnHour(), title: "x".repeat(201) };
  await expect(signLink(zip, options)).rejects.toMatchObject({ details: { field: "title" } });
});

test("a link has an id even if its token has none", async () => {
  const one = await signLink(zip, { secret, expires: inAnHour() });
  const two = await signLink(zip, { secret, expires: inAnHour() });
  expect((await verifyLink(one, key)).id).not.toBe((await verifyLink(two, key)).id);
  const bare = handmade(hs256, claims);
  const { id } = await verifyLink(bare, key);
  expect(id).toHaveLength(16);
  expect(bare).not.toContain(id);
});

test("a token made by hand works like ours", async () => {
  expect(await codeOf(handmade(hs256, claims))).toBe("verified");
  expect(await codeOf(handmade({ alg: "HS256" }, { ...claims, aud: ["x", "ziplink"] }))).toBe(
    "verified",
  );
});

describe("refuses as unauthorized", () => {
  const good = handmade(hs256, claims);
  const [head = "", body = "", signature = ""] = good.split(".");
  const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  const changedBody = base64url({ ...claims, zip: { prefix: "" } });
  test.each<[string, string | Promise<string>]>([
    ["an empty token", ""],
    ["no token", "nonsense"],
    ["only dots", ".."],
    ["a changed payload", `${head}.${changedBody}.${signature}`],
    ["a changed signature", `${head}.${body}.${signature.slice(0, -2)}AA`],
    ["no signature", `${head}.${body}.`],
    ["alg none", `${base64url({ alg: "none" })}.${body}.`],
    ["alg none with a signature", `${base64url({ alg: "none" })}.${body}.${signature}`],
    ["alg None", `${base64url({ alg: "None" })}.${body}.`],
    ["another key", handmade(hs256, claims, "another secret of thirty-two byte")],
    [
      "another algorithm of the same key",
      new SignJWT(claims).setProtectedHeader({ alg: "HS512" }).sign(new Uint8Array(64)),
    ],
    ["an asymmetric algorithm", new SignJWT(claims).setProtectedHeader({ alg: "RS256" }).sign(rsa)],
    ["another audience", handmade(hs256, { ...claims, aud: "ziplink-api" })],
    ["no audience", handmade(hs256, { exp: claims.exp, zip })],
    ["no expiry", handmade(hs256, { aud: "ziplink", zip })],
    ["an expiry that is not a number", handmade(hs256, { ...claims, exp: "never" })],
    ["not valid yet", handmade(hs256, { ...claims, nbf: seconds(600) })],
    ["an unknown critical header", handmade({ ...hs256, crit: ["x"], x: 1 }, claims)],
    ["wrong audience, although expired", handmade(hs256, { ...claims, aud: "x", exp: 1 })],
    ["a payload that is not an object", `${head}.${base64url([1])}.${signature}`],
  ])("%s", async (_, token) => {
    expect(await codeOf(await token)).toBe("unauthorized");
  });
});

describe("a genuine token has one spelling", () => {
  const good = handmade(hs256, claims);
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  // 32 bytes are 43 characters, of whose last two bits nothing is left.
  const last = alphabet.indexOf(good.at(-1) ?? "");
  const others = [1, 2, 3].map((bits) => good.slice(0, -1) + alphabet[last ^ bits]);
  const [head = "", body = "", signature = ""] = good.split(".");
  test.each([
    ...others,
    ...[" ", "\t", "\n", "=", "==", ".", ",", ")", ">", "\0", "%20", "\u00a0"].map(
      (end) => good + end,
    ),
    ...[` ${good}`, `${head}=.${body}.${signature}`, `${head}.${body} .${signature}`],
    `${head}.${body}.${signature}.`,
    `${head}.${body}.${signature.replaceAll("-", "+").replaceAll("_", "/")}=`,
    `${good}.${signature}`,
  ])("%j is refused", async (token) => {
    expect(await codeOf(good)).toBe("verified");
    expect(await codeOf(token)).toBe("unauthorized");
  });

  test("and an id that does not depend on its signature", () => {
    expect(digestToken(`${head}.${body}.${signature}`)).toBe(digestToken(`${head}.${body}.AAAA`));
    expect(digestToken(`${head}.${body}.AAAA`)).not.toBe(digestToken(`${head}.${body}A.AAAA`));
  });
});

test("a genuine token whose expiry no date can hold is malformed", async () => {
  expect(await codeOf(handmade(hs256, { ...claims, exp: 8.64e12 }))).toBe("verified");
  expect(await codeOf(handmade(hs256, { ...claims, exp: 9e12 }))).toBe("malformed");
});

test("a genuine token that is too old is expired", async () => {
  expect(await codeOf(handmade(hs256, { ...claims, exp: seconds(-1) }))).toBe("expired");
});

describe("refuses a genuine token with a bad spec as malformed, naming the field", () => {
  test.each<[unknown, string]>([
    [undefined, "zip"],
    ["a/", "zip"],
    [{}, "zip.prefix"],
    [{ prefix: 1 }, "zip.prefix"],
    [{ prefix: "a/", extra: 1 }, "zip.extra"],
    [{ entries: [] }, "zip.entries"],
    [{ entries: [{ key: "" }] }, "zip.entries.0.key"],
    [{ entries: [{ key: "a" }, { key: "b", size: 3 }] }, "zip.entries.1.size"],
    [{ entries: [{ key: "a", crc32: -1 }] }, "zip.entries.0.crc32"],
    [{ entries: [{ key: "a", crc32: 2 ** 32 }] }, "zip.entries.0.crc32"],
    [{ entries: [{ key: "a" }], prefix: "a/" }, "zip.prefix"],
    [{ prefix: "a/", compression: "brotli" }, "zip.compression"],
    [{ prefix: "a/", name: "" }, "zip.name"],
  ])("%j", async (request, field) => {
    const error = await verifyLink(handmade(hs256, { ...claims, zip: request }), key).then(
      () => undefined,
      (reason: ZiplinkError) => reason,
    );
    expect(error).toMatchObject({ code: "malformed", details: { field } });
    expect(error?.message.startsWith(`${field}: `)).toBe(true);
  });
});

test("a secret must have at least 32 bytes", () => {
  expect(() => secretKeys("short")).toThrow(/at least 32 bytes; this one has 5/);
  expect(secretKeys("ü".repeat(16))[0]?.verifying.symmetricKeySize).toBe(32);
});
