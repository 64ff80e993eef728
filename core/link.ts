import { createHash } from "node:crypto";
import { errors, type JWTPayload, jwtVerify, SignJWT } from "jose";
import { z } from "zod";
import { type ArchiveRequest, parseArchiveRequest } from "./archive-request.ts";
import { ZiplinkError } from "./errors.ts";

const ALGORITHM = "HS256";
const AUDIENCE = "ziplink";

/** RFC 7518, 3.2: a key for HS256 has at least the hash's 256 bits. */
const MIN_SECRET_BYTES = 32;

/** A verified link. */
export interface Link {
  /** `jti`, or else a digest of the token: names the link in logs and opens nothing. */
  readonly id: string;
  /** `sub`: whom the link was made for. */
  readonly subject?: string;
  /** `title`: what people see as its heading. */
  readonly title?: string;
  /** `iss`: who made it, for people to see. */
  readonly issuer?: string;
  readonly expires: Date;
  readonly request: ArchiveRequest;
}

/** Claims that the page shows. Nothing is decided by them. */
const shownClaims = z.object({
  title: z.string().min(1).max(200).optional(),
  iss: z.string().min(1).max(200).optional(),
});

export interface SignLinkOptions {
  /** As for `linkKey`. */
  readonly secret: string;
  /** When the link stops working. */
  readonly expires: Date;
  /** When it starts to work; default at once. */
  readonly notBefore?: Date;
  /** Whom it is for; appears in the audit log. */
  readonly subject?: string;
  /** Its heading on the page that people see, up to 200 characters; default the archive's name. */
  readonly title?: string;
  /** Who made it, for that page, up to 200 characters. */
  readonly issuer?: string;
  /** Names the link in the audit log; default random. */
  readonly id?: string;
}

/**
 * The HS256 key of a link secret: its UTF-8 bytes. Throws `malformed` below 32 bytes.
 */
export function linkKey(secret: string): Uint8Array {
  const key = new TextEncoder().encode(secret);
  if (key.length < MIN_SECRET_BYTES) {
    throw new ZiplinkError(
      "malformed",
      `A link secret has at least ${MIN_SECRET_BYTES} bytes, this one has ${key.length}. ` +
        "Make one with: openssl rand -base64 32",
    );
  }
  return key;
}

/**
 * The token of a link to the archive that `request` asks for: a JWT (RFC 7519) with `aud: "ziplink"`,
 * `exp`, `jti` and the request as `zip`. Throws `malformed` for a request, title or issuer that is not valid.
 */
export async function signLink(request: ArchiveRequest, options: SignLinkOptions): Promise<string> {
  const { subject, title, issuer } = options;
  parseShownClaims({ title, iss: issuer });
  const jwt = new SignJWT({
    ...(title === undefined ? {} : { title }),
    zip: parseArchiveRequest(request),
  })
    .setProtectedHeader({ alg: ALGORITHM, typ: "JWT" })
    .setAudience(AUDIENCE)
    .setIssuedAt()
    .setExpirationTime(options.expires)
    .setJti(options.id ?? crypto.randomUUID());
  if (options.notBefore) jwt.setNotBefore(options.notBefore);
  if (subject !== undefined) jwt.setSubject(subject);
  if (issuer !== undefined) jwt.setIssuer(issuer);
  return jwt.sign(linkKey(options.secret));
}

/**
 * Verifies a link's token. The algorithm is the key's, never the token's. Nothing but the token is
 * looked at, so the answer tells nothing about any object. Rejects with `unauthorized` for a token
 * that is forged or meant for something else, `expired` for a genuine one that is too old, and
 * `malformed` for a genuine one whose archive request, `title` or `iss` is not valid.
 *
 * @param key from `linkKey`
 */
export async function verifyLink(token: string, key: Uint8Array): Promise<Link> {
  const claims = await verifyToken(token, key);
  const { title, iss: issuer } = parseShownClaims(claims);
  return {
    id: claims.jti ?? createHash("sha256").update(token).digest("base64url").slice(0, 16),
    ...(claims.sub === undefined ? {} : { subject: claims.sub }),
    ...(title === undefined ? {} : { title }),
    ...(issuer === undefined ? {} : { issuer }),
    expires: new Date((claims.exp ?? 0) * 1000),
    request: parseArchiveRequest(claims.zip),
  };
}

function parseShownClaims(claims: unknown): z.infer<typeof shownClaims> {
  const result = shownClaims.safeParse(claims);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const field = String(issue?.path[0]);
  throw new ZiplinkError("malformed", `${field}: ${issue?.message}.`, { details: { field } });
}

async function verifyToken(token: string, key: Uint8Array): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key, {
      algorithms: [ALGORITHM],
      audience: AUDIENCE,
      requiredClaims: ["exp"],
    });
    return payload;
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
