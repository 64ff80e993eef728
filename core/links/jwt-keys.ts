import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
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

/** RFC 7518, 3.2: a key for HS256 has at least the hash's 256 bits. */
const MIN_SECRET_BYTES = 32;

/** A key that signs or verifies JWTs, for one algorithm only. */
export interface JwtKey {
  /** What a token's header names it by; a key without one is for tokens that name none. */
  readonly kid?: string;
  /** The one algorithm it is used for (RFC 7518, 3.1; RFC 8037, 3.1). */
  readonly algorithm: "HS256" | "ES256" | "EdDSA";
  /** A secret or a public key. */
  readonly verifying: KeyObject;
  /** A secret or a private key. Absent where only the public half is known. */
  readonly signing?: KeyObject;
}

/** Keys in their order; no two of the same `kid`, and at most one without. */
export type JwtKeys = readonly JwtKey[];

/**
 * The HS256 key of a secret: its UTF-8 bytes. Throws `malformed` below 32 bytes.
 */
export function secretKeys(secret: string): JwtKeys {
  const bytes = Buffer.from(secret, "utf8");
  if (bytes.length < MIN_SECRET_BYTES) {
    throw new ZiplinkError(
      "malformed",
      `A secret has at least ${MIN_SECRET_BYTES} bytes, this one has ${bytes.length}. ` +
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

/** RFC 7517, with the parameters of RFC 7518, 6 and RFC 8037; those not used here are passed over. */
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
 * The keys of a JSON Web Key Set (RFC 7517, 5), as JSON text: `oct` keys for HS256, `EC` keys on
 * P-256 for ES256, `OKP` keys on Ed25519 for EdDSA. Throws `malformed`, naming the field and quoting
 * nothing, if it is none.
 */
export function parseJwks(text: string): JwtKeys {
  const result = validate(jwksSchema, parseJson(text), { isOnce: true });
  if (!result.success) throw malformed(result.error, []);
  const keys = result.data.keys.map(toKey);
  const kids = keys.map(({ kid }) => kid);
  if (new Set(kids).size < kids.length) {
    throw invalid("keys", "each must have a kid of its own, and at most one may have none");
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
    // The cause says nothing of use, and might quote the key.
    throw invalid(`keys.${index}`, "is not a valid key");
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // A syntax error quotes what it stumbled over.
    throw invalid("keys", "is not JSON");
  }
}

function invalid(field: string, message: string): ZiplinkError {
  return new ZiplinkError("malformed", `${field}: ${message}.`, { details: { field } });
}

/** Whether some key is in both sets: then a token meant for the one could pass for the other. */
export function shareKey(one: JwtKeys, other: JwtKeys): boolean {
  return one.some((a) => other.some((b) => a.verifying.equals(b.verifying)));
}

/** Whether there is a key that signs. */
export function canSign(keys: JwtKeys): boolean {
  return keys.some(({ signing }) => signing !== undefined);
}

/**
 * The claims of a genuine token. The key is the one that the token's `kid` names, and the algorithm is
 * that key's: a token can choose neither another algorithm nor, by an unknown `kid`, no key. Rejects
 * with jose's errors.
 */
export async function verifyJwt(
  token: string,
  keys: JwtKeys,
  options: Pick<JWTVerifyOptions, "audience" | "requiredClaims">,
): Promise<JWTPayload> {
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

/** A JWT of these claims, by the first key that can sign. Throws `malformed` if none can. */
export function signJwt(claims: JWTPayload, keys: JwtKeys): Promise<string> {
  const key = keys.find(({ signing }) => signing !== undefined);
  if (key?.signing === undefined) {
    throw new ZiplinkError(
      "malformed",
      "None of the keys can sign: a private or a secret one is needed to make links.",
    );
  }
  return new SignJWT(claims)
    .setProtectedHeader({
      alg: key.algorithm,
      typ: "JWT",
      ...(key.kid === undefined ? {} : { kid: key.kid }),
    })
    .sign(key.signing);
}
