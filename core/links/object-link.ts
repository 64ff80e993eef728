import { errors } from "jose";
import * as z from "zod/mini";
import { ZiplinkError } from "../errors.ts";
import { malformed } from "../input/malformed.ts";
import { validate } from "../input/validate.ts";
import { type JwtKeys, signJwt, verifyJwt } from "./jwt-keys.ts";

/** Another one than that of links to archives, so that neither is ever taken for the other. */
const AUDIENCE = "ziplink-object";

const text = z.string().check(z.minLength(1), z.maxLength(2048));
const objectSchema = z.object({
  to: text,
  version: text,
  size: z.int().check(z.minimum(0)),
  checksums: z.record(z.string(), z.string()),
});

/** A delivered object, pinned to the version that was delivered. */
export interface ObjectLink {
  /** Names the link in the audit log: the delivery's id. */
  readonly id: string;
  /** When it stops working. */
  readonly expires: Date;
  /** The object's URL, as of `Delivery.to`. */
  readonly to: string;
  /** As of a source of its place. */
  readonly version: string;
  /** In bytes. */
  readonly size: number;
  /** As of `DeliveryResult`, for people. */
  readonly checksums: Readonly<Record<string, string>>;
}

/** Returns the token of a link to a delivered object: a JWT (RFC 7519) with `aud: "ziplink-object"`. */
export function signObjectLink(link: ObjectLink, keys: JwtKeys): Promise<string> {
  const { id, expires, ...object } = link;
  const exp = Math.floor(expires.getTime() / 1000);
  return signJwt({ aud: AUDIENCE, exp, jti: id, object }, keys);
}

/** Verifies a token of `signObjectLink`. Rejects with `unauthorized`, `expired` or `malformed`. */
export async function verifyObjectLink(token: string, keys: JwtKeys): Promise<ObjectLink> {
  const claims = await verify(token, keys);
  const object = validate(objectSchema, claims.object);
  if (!object.success) throw malformed(object.error, ["object"]);
  const expires = new Date((claims.exp ?? 0) * 1000);
  return { id: claims.jti ?? "", expires, ...object.data };
}

async function verify(token: string, keys: JwtKeys) {
  try {
    return await verifyJwt(token, keys, { audience: AUDIENCE, requiredClaims: ["exp"] });
  } catch (cause) {
    if (cause instanceof errors.JWTExpired) {
      throw new ZiplinkError("expired", "This link has expired. Ask for a new one.", { cause });
    }
    if (cause instanceof errors.JOSEError) {
      throw new ZiplinkError("unauthorized", "This link is not valid.", { cause });
    }
    throw cause;
  }
}
