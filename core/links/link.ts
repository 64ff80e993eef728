import { createHash } from "node:crypto";
import { errors, type JWTPayload } from "jose";
import * as z from "zod/mini";
import { ZiplinkError } from "../errors.ts";
import { malformed } from "../input/malformed.ts";
import { validate } from "../input/validate.ts";
import { type ArchiveSpec, parseArchiveSpec, strongEtag } from "../planning/archive-spec.ts";
import { type JwtKeys, secretKeys, signJwt, verifyJwt } from "./jwt-keys.ts";
import { type ManifestReference, type ManifestStore, manifestReference } from "./manifest.ts";

const AUDIENCE = "ziplink";

/** Characters of a token that every browser, proxy and server takes in a URL, with room to spare. */
const MAX_TOKEN_LENGTH = 6 * 1024;

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
  /** `exp`: when it stops working, in whole seconds. */
  readonly expires: Date;
  /** `zip`: what its archive holds; a spec that is kept as a manifest has been loaded. */
  readonly spec: ArchiveSpec;
}

/** Claims that the page shows. Nothing is decided by them. */
const shownClaims = z.object({
  title: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  iss: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
});

interface LinkClaims {
  /** When the link stops working; what is below a second is cut off. */
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
  /** Takes a spec that makes the token longer than 6 KB. Default: such a spec is refused. */
  readonly manifests?: ManifestStore | undefined;
}

/** A link's claims, to be signed with a secret. */
export interface SignWithSecret extends LinkClaims {
  /** The HS256 key, at least 32 bytes in UTF-8; see `secretKeys`. */
  readonly secret: string;
}

/** A link's claims, to be signed with a key. */
export interface SignWithKeys extends LinkClaims {
  /** As of `parseJwks` or `secretKeys`; the first that can sign does. */
  readonly keys: JwtKeys;
}

/** A link's claims, and what signs them. */
export type SignLinkOptions = SignWithSecret | SignWithKeys;

/**
 * The token of a link to the archive that `spec` asks for: a JWT (RFC 7519) with `aud: "ziplink"`,
 * `exp`, `jti` and the spec, or where its manifest is, as `zip`. Rejects with `malformed` for a
 * spec, title, issuer or secret that is not valid and for keys none of which can sign,
 * `link_too_long` for a spec that needs a manifest and has no place for it, and with what
 * `ManifestStore.keep` rejects with.
 */
export async function signLink(spec: ArchiveSpec, options: SignLinkOptions): Promise<string> {
  const keys = "keys" in options ? options.keys : secretKeys(options.secret);
  const id = options.id ?? crypto.randomUUID();
  const sign = (zip: object) => signJwt(toClaims(zip, id, options), keys);

  const { etag, ...contents } = parseArchiveSpec(spec);
  const pin = etag === undefined ? {} : { etag };
  const token = await sign({ ...contents, ...pin });
  if (token.length <= MAX_TOKEN_LENGTH) return token;
  if (options.manifests === undefined) throw tooLong(token.length);
  return sign({ ...(await options.manifests.keep(contents as ArchiveSpec)), ...pin });
}

function toClaims(zip: object, id: string, options: LinkClaims): JWTPayload {
  const { expires, notBefore, subject, title, issuer } = options;
  parseShownClaims({ title, iss: issuer });
  return {
    aud: AUDIENCE,
    iat: toSeconds(new Date()),
    exp: toSeconds(expires),
    ...(notBefore ? { nbf: toSeconds(notBefore) } : {}),
    jti: id,
    ...(subject === undefined ? {} : { sub: subject }),
    ...(issuer === undefined ? {} : { iss: issuer }),
    ...(title === undefined ? {} : { title }),
    zip,
  };
}

/** A NumericDate (RFC 7519, 2). */
function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function tooLong(length: number): ZiplinkError {
  return new ZiplinkError(
    "link_too_long",
    `This link's token would have ${length} characters; more than ${MAX_TOKEN_LENGTH} do not fit ` +
      "every URL. Ask for a prefix or for fewer files, or give the service a MANIFEST_STORE.",
    { details: { limit: MAX_TOKEN_LENGTH, total: length } },
  );
}

/**
 * Verifies a link's token. The key is the one its `kid` names, the algorithm that key's. Nothing but
 * the token and its manifest is looked at, so the answer tells nothing about any object. Rejects with
 * `unauthorized` for a token that is forged or meant for something else, `expired` for a genuine one
 * that is too old, `malformed` for a genuine one whose archive spec, `title` or `iss` is not valid, and with what
 * `ManifestStore.load` rejects with.
 *
 * @param manifests where manifests are kept, if anywhere
 */
export async function verifyLink(
  token: string,
  keys: JwtKeys,
  manifests?: ManifestStore,
  signal?: AbortSignal,
): Promise<Link> {
  const claims = await verifyToken(token, keys);
  const { title, iss: issuer } = parseShownClaims(claims);
  return {
    id: claims.jti ?? createHash("sha256").update(token).digest("base64url").slice(0, 16),
    ...(claims.sub === undefined ? {} : { subject: claims.sub }),
    ...(title === undefined ? {} : { title }),
    ...(issuer === undefined ? {} : { issuer }),
    expires: new Date((claims.exp ?? 0) * 1000),
    spec: await specOf(claims.zip, manifests, signal),
  };
}

function parseShownClaims(claims: unknown): z.infer<typeof shownClaims> {
  const result = validate(shownClaims, claims);
  if (result.success) return result.data;
  throw malformed(result.error, []);
}

async function specOf(
  zip: unknown,
  manifests: ManifestStore | undefined,
  signal: AbortSignal | undefined,
): Promise<ArchiveSpec> {
  if (typeof zip !== "object" || zip === null || !("manifest" in zip)) {
    return parseArchiveSpec(zip);
  }
  const { etag, ...reference } = parseReference(zip);
  if (manifests === undefined) {
    throw new ZiplinkError("malformed", "zip.manifest: this service keeps no manifests.", {
      details: { field: "zip.manifest" },
    });
  }
  const spec = await manifests.load(reference, signal);
  return etag === undefined ? spec : { ...spec, etag };
}

const pinnedReference = z.extend(manifestReference, { etag: z.optional(strongEtag) });

function parseReference(zip: object): ManifestReference & { etag?: string | undefined } {
  const result = validate(pinnedReference, zip);
  if (result.success) return result.data;
  throw malformed(result.error, ["zip"]);
}

async function verifyToken(token: string, keys: JwtKeys): Promise<JWTPayload> {
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
