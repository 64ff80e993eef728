import {
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  type KeyObject,
} from "node:crypto";
import {
  errors,
  type JWTHeaderParameters,
  type JWTPayload,
  type JWTVerifyOptions,
  jwtVerify,
  SignJWT,
} from "jose";
import * as z from "zod/mini";
import { ZiplinkError } from "../errors.ts";
import { malformed } from "../input/malformed.ts";
import { validate } from "../input/validate.ts";

/** RFC 7518, 3.2: a key for HS256 must have at least the 256 bits of the hash. */
const MIN_SECRET_BYTES = 32;

/** A key that signs or verifies JWTs with exactly one algorithm. */
export interface JwtKey {
  /** The key's id in token headers. A key without one verifies only tokens whose header has no `kid`. */
  readonly kid?: string;
  /** The only algorithm that the key is used with (RFC 7518, 3.1; RFC 8037, 3.1). */
  readonly algorithm: "HS256" | "ES256" | "EdDSA";
  /** A secret or a public key. */
  readonly verifying: KeyObject;
  /** A secret or a private key. Absent if only the public key is known. */
  readonly signing?: KeyObject;
}

/** Keys in order of preference for signing. Each `kid` is unique, and at most one key has none. */
export type JwtKeys = readonly JwtKey[];

/**
 * Returns the HS256 key of a secret, made of its UTF-8 bytes. Throws `malformed` below 32 bytes.
 */
export function secretKeys(secret: string): JwtKeys {
  const bytes = Buffer.from(secret, "utf8");
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new ZiplinkError(
      "malformed",
      `A secret must have at least ${MIN_SECRET_BYTES} bytes; this one has ${bytes.length}. ` +
        "Make one with: openssl rand -base64 32",
    );
  }
  const key = createSecretKey(bytes);
  return [{ algorithm: "HS256", verifying: key, signing: key }];
}

const base64url = z.string().check(z.regex(/^[\w-]+$/, "must be base64url without padding"));
const named = {
  kid: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  use: z.optional(z.literal("sig")),
};

/** RFC 7517, with the parameters of RFC 7518, 6 and RFC 8037; those not used here are ignored. */
const jwkSchema = z.discriminatedUnion("kty", [
  z.object({
    ...named,
    kty: z.literal("oct"),
    alg: z.optional(z.literal("HS256")),
    k: base64url.check(
      z.refine((k) => Buffer.from(k, "base64url").length >= MIN_SECRET_BYTES, {
        message: `must have at least ${MIN_SECRET_BYTES} bytes`,
      }),
    ),
  }),
  z.object({
    ...named,
    kty: z.literal("EC"),
    alg: z.optional(z.literal("ES256")),
    crv: z.literal("P-256"),
    x: base64url,
    y: base64url,
    d: z.optional(base64url),
  }),
  z.object({
    ...named,
    kty: z.literal("OKP"),
    alg: z.optional(z.literal("EdDSA")),
    crv: z.literal("Ed25519"),
    x: base64url,
    d: z.optional(base64url),
  }),
]);

const jwksSchema = z.object({ keys: z.array(jwkSchema).check(z.minLength(1)) });

/**
 * Parses a JSON Web Key Set (RFC 7517, 5) from JSON text: `oct` keys for HS256, `EC` keys on P-256 for
 * ES256, `OKP` keys on Ed25519 for EdDSA. Throws `malformed` for invalid text; the error names the field but
 * quotes nothing, so that it reveals no key.
 */
export function parseJwks(text: string): JwtKeys {
  const result = validate(jwksSchema, parseJson(text), { isOnce: true });
  if (!result.success) throw malformed(result.error, []);
  const keys = result.data.keys.map(toKey);
  const kids = keys.map(({ kid }) => kid);
  if (new Set(kids).size < kids.length) {
    throw invalid("keys", "each must have a unique kid, and at most one may have none");
  }
  return keys;
}

function toKey(jwk: z.infer<typeof jwkSchema>, index: number): JwtKey {
  const name = jwk.kid === undefined ? {} : { kid: jwk.kid };
  if (jwk.kty === "oct") {
    const key = createSecretKey(Buffer.from(jwk.k, "base64url"));
    return { ...name, algorithm: "HS256", verifying: key, signing: key };
  }
  const { d, ...key } = jwk;
  try {
    return {
      ...name,
      algorithm: jwk.kty === "EC" ? "ES256" : "EdDSA",
      verifying: createPublicKey({ key, format: "jwk" }),
      ...(d ? { signing: createPrivateKey({ key: { ...key, d }, format: "jwk" }) } : {}),
    };
  } catch {
    // The cause is left out: it says nothing useful and might quote the key.
    throw invalid(`keys.${index}`, "is not a valid key");
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The cause is left out: a syntax error quotes part of the text.
    throw invalid("keys", "is not JSON");
  }
}

function invalid(field: string, message: string): ZiplinkError {
  return new ZiplinkError("malformed", `${field}: ${message}.`, { details: { field } });
}

/** Whether any key is in both sets: a token meant for one purpose could then be used for the other. */
export function shareKey(one: JwtKeys, other: JwtKeys): boolean {
  return one.some((a) => other.some((b) => a.verifying.equals(b.verifying)));
}

/** Whether any of the keys can sign. */
export function canSign(keys: JwtKeys): boolean {
  return keys.some(({ signing }) => signing !== undefined);
}

/**
 * Verifies a token and returns its claims. The token's `kid` selects the key, and the key determines the
 * algorithm: a token can neither choose another algorithm nor avoid verification by an unknown `kid`. Rejects
 * with jose's errors.
 */
export async function verifyJwt(
  token: string,
  keys: JwtKeys,
  options: Pick<JWTVerifyOptions, "audience" | "requiredClaims">,
): Promise<JWTPayload> {
  assertCanonical(token);
  const { payload } = await jwtVerify(
    token,
    ({ kid, alg }: JWTHeaderParameters) => {
      const key = keys.find((candidate) => candidate.kid === kid);
      if (key === undefined) throw new errors.JWKSNoMatchingKey();
      if (key.algorithm !== alg) throw new errors.JOSEAlgNotAllowed();
      return key.verifying;
    },
    options,
  );
  return payload;
}

/**
 * Identifies a token by its contents: returns a digest of its header and payload. The signature is left out,
 * since the same contents can have many valid ones (if `(r, s)` is a valid ES256 signature, so is `(r, -s)`).
 * So limits, plans and audit events of a link do not depend on the signature.
 */
export function digestToken(token: string): string {
  const signed = token.slice(0, token.lastIndexOf("."));
  return createHash("sha256").update(signed).digest("base64url");
}

/**
 * Throws `MangledToken` unless a token consists of three parts in canonical base64url (RFC 4648, 3.5 and 5).
 * Decoders ignore white space, padding and unused trailing bits, so that one token could be written in very
 * many ways.
 */
function assertCanonical(token: string): void {
  const parts = token.split(".", 4);
  const isCanonical = (part: string) =>
    part !== "" && Buffer.from(part, "base64url").toString("base64url") === part;
  if (parts.length !== 3 || !parts.every(isCanonical)) {
    throw new MangledToken("is not in the compact form of RFC 7515, 7.1");
  }
}

/** A token that nobody can have signed: it was cut off, or something was put into it or behind it. */
export class MangledToken extends errors.JWTInvalid {}

/** Signs a JWT with the first key that can sign. Throws `malformed` if none can. */
export function signJwt(claims: JWTPayload, keys: JwtKeys): Promise<string> {
  const { key, header, signing } = signingKey(keys);
  return new SignJWT(claims).setProtectedHeader({ alg: key.algorithm, ...header }).sign(signing);
}

/** Returns how long the JWT of these claims would be, in characters, without signing it. Throws as `signJwt`. */
export function jwtLength(claims: JWTPayload, keys: JwtKeys): number {
  const { key, header } = signingKey(keys);
  const partLength = (bytes: number) => Math.ceil((bytes * 4) / 3);
  const jsonLength = (part: object) => partLength(Buffer.byteLength(JSON.stringify(part)));
  const signed = jsonLength({ alg: key.algorithm, ...header }) + 1 + jsonLength(claims);
  return signed + 1 + partLength(SIGNATURE_BYTES[key.algorithm]);
}

/** Lengths of signatures (RFC 7518, 3.2 and 3.4; RFC 8037, 3.1). */
const SIGNATURE_BYTES = { HS256: 32, ES256: 64, EdDSA: 64 } as const;

function signingKey(keys: JwtKeys) {
  const key = keys.find(({ signing }) => signing !== undefined);
  if (key?.signing === undefined) {
    throw new ZiplinkError(
      "malformed",
      "None of the keys can sign. Making links needs a private or a secret key.",
    );
  }
  const header = { typ: "JWT", ...(key.kid === undefined ? {} : { kid: key.kid }) };
  return { key, header, signing: key.signing };
}
