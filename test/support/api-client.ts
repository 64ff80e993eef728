import { createHmac, createPrivateKey, createPublicKey, sign as signBytes } from "node:crypto";
import type { JWK } from "jose";
import { type Downloaded, download } from "./download.ts";

/** Encodes a value as JSON, as a token contains it. */
export const base64url = (value: unknown) =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

/** Returns seconds since 1970, `offset` seconds from now. */
export const seconds = (offset: number) => Math.floor(Date.now() / 1000) + offset;

/** Builds a JWT by hand, as anyone can: any header and claims, signed by `sign`. */
export function handmade(
  header: object,
  claims: unknown,
  sign: (input: string) => Buffer | string,
): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${Buffer.from(sign(input)).toString("base64url")}`;
}

/** Returns a function that signs with an HMAC (HS256). */
export const hmac = (secret: string | Buffer) => (input: string) =>
  createHmac("sha256", secret).update(input).digest();

/** Returns a function that signs with a private JWK on P-256 (ES256) or Ed25519 (EdDSA). */
export const privately = (jwk: object) => (input: string) => {
  const key = createPrivateKey({ key: jwk as JWK, format: "jwk" });
  const isEd = key.asymmetricKeyType === "ed25519";
  return signBytes(isEd ? null : "sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
};

/** Returns a public JWK as PEM: an attacker has it, and may try it as a secret. */
export const pemOf = (jwk: object) =>
  createPublicKey({ key: jwk as JWK, format: "jwk" }).export({
    format: "pem",
    type: "spki",
  }) as string;

/** Returns the bearer token of a caller who may request what begins with `prefixes`. */
export function callerToken(
  secret: string,
  prefixes: readonly string[] = [""],
  claims: object = {},
): string {
  const all = { aud: "ziplink-api", sub: "caller-1", exp: seconds(600), scope: { prefixes } };
  return handmade({ alg: "HS256", typ: "JWT" }, { ...all, ...claims }, hmac(secret));
}

/** Sends `body` as JSON with a bearer token. */
export function post(
  url: string,
  token: string | undefined,
  body: unknown,
  headers: Record<string, string> = {},
): Promise<Downloaded> {
  return download(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...headers,
    },
    body: JSON.stringify(body),
  });
}
