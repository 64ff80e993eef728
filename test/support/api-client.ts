import { createHmac, createPrivateKey, createPublicKey, sign as signBytes } from "node:crypto";
import type { JWK } from "jose";
import { type Downloaded, download } from "./download.ts";

/** JSON as it stands in a token. */
export const base64url = (value: unknown) =>
  Buffer.from(JSON.stringify(value)).toString("base64url");

/** Seconds since 1970, `offset` from now. */
export const seconds = (offset: number) => Math.floor(Date.now() / 1000) + offset;

/** A JWT put together by hand, as anybody can: any header and any claims, signed as told. */
export function handmade(
  header: object,
  claims: unknown,
  sign: (input: string) => Buffer | string,
): string {
  const input = `${base64url(header)}.${base64url(claims)}`;
  return `${input}.${Buffer.from(sign(input)).toString("base64url")}`;
}

/** Signs with an HMAC (HS256). */
export const hmac = (secret: string | Buffer) => (input: string) =>
  createHmac("sha256", secret).update(input).digest();

/** Signs with a private JWK on P-256 (ES256) or Ed25519 (EdDSA). */
export const privately = (jwk: object) => (input: string) => {
  const key = createPrivateKey({ key: jwk as JWK, format: "jwk" });
  const isEd = key.asymmetricKeyType === "ed25519";
  return signBytes(isEd ? null : "sha256", Buffer.from(input), { key, dsaEncoding: "ieee-p1363" });
};

/** A public JWK in PEM, which is what an attacker has who tries it as a secret. */
export const pemOf = (jwk: object) =>
  createPublicKey({ key: jwk as JWK, format: "jwk" }).export({
    format: "pem",
    type: "spki",
  }) as string;

/** The bearer token of a caller who may ask for what begins with `prefixes`. */
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
