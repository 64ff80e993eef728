import { errors, type JWTPayload } from "jose";
import * as z from "zod/mini";
import { ZiplinkError } from "../errors.ts";
import { malformed } from "../input/malformed.ts";
import { validate } from "../input/validate.ts";
import { type ArchiveSpec, parseArchiveSpec, strongEtag } from "../planning/archive-spec.ts";
import {
  digestToken,
  type JwtKeys,
  jwtLength,
  MangledToken,
  secretKeys,
  signJwt,
  verifyJwt,
} from "./jwt-keys.ts";
import { type ManifestReference, type ManifestStore, manifestReference } from "./manifest.ts";

const AUDIENCE = "ziplink";

/** Token length, in characters, that every browser, proxy and server accepts in a URL, with a margin. */
const MAX_TOKEN_LENGTH = 6 * 1024;

/**
 * Longest token of a link that is to be mailed: Outlook cuts URLs off at about 2,048 characters, and some
 * of those are the service's name and the download's.
 */
const MAILED_TOKEN_LENGTH = 1700;

/** A verified link. */
export interface Link {
  /** `jti`, or a digest of the token: identifies the link in logs, but gives no access. */
  readonly id: string;
  /** `sub`: the person or system that the link is for. */
  readonly subject?: string;
  /** `client_id` (RFC 8693, 4.3): the caller that the link was made for. Links of one caller count together. */
  readonly caller?: string;
  /** `title`: the heading of the link's page. */
  readonly title?: string;
  /** `iss`: the maker of the link, shown on its page. */
  readonly issuer?: string;
  /** `message`: a few lines of text from the maker, shown on the link's page. */
  readonly message?: string;
  /** `exp`: when the link expires, in whole seconds. */
  readonly expires: Date;
  /** `zip`: the archive spec, loaded already if it is kept as a manifest. */
  readonly spec: ArchiveSpec;
}

/**
 * Claims whose form is checked here. All but `client_id` are only shown on the page; no decision depends on
 * them.
 */
const checkedClaims = z.object({
  client_id: z.optional(z.string().check(z.minLength(1), z.maxLength(1000))),
  title: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  iss: z.optional(z.string().check(z.minLength(1), z.maxLength(200))),
  message: z.optional(z.string().check(z.minLength(1), z.maxLength(1000))),
});

interface LinkClaims {
  /** When the link expires; fractions of a second are cut off. */
  readonly expires: Date;
  /** When the link becomes valid. Default: at once. */
  readonly notBefore?: Date;
  /** The person or system that the link is for; appears in the audit log. */
  readonly subject?: string;
  /**
   * The caller on whose behalf the link is made; appears in the audit log. Links of one caller share limits,
   * and their subjects are apart from those of other callers. Default: none.
   */
  readonly caller?: string;
  /** The heading of the link's page, up to 200 characters. Default: the archive's name. */
  readonly title?: string;
  /** The maker of the link, shown on its page, up to 200 characters. */
  readonly issuer?: string;
  /** A few lines of text for that page, up to 1,000 characters. */
  readonly message?: string;
  /** Identifies the link in the audit log. Default: random. */
  readonly id?: string;
  /** Keeps specs that would make the token too long. Default: a spec that makes it longer than 6 KB is refused. */
  readonly manifests?: ManifestStore | undefined;
  /**
   * Longest token that states its spec itself, in characters, where there are `manifests`; that of a
   * longer one is kept there. Default 1,700: links are mailed, and mail programs stop at about 2,000.
   */
  readonly maxTokenLength?: number | undefined;
}

/** A link's claims, to be signed with a secret. */
export interface SignWithSecret extends LinkClaims {
  /** The HS256 key, at least 32 bytes in UTF-8; see `secretKeys`. */
  readonly secret: string;
}

/** A link's claims, to be signed with a key. */
export interface SignWithKeys extends LinkClaims {
  /** Keys from `parseJwks` or `secretKeys`; the first that can sign is used. */
  readonly keys: JwtKeys;
}

/** A link's claims, and the secret or keys to sign them with. */
export type SignLinkOptions = SignWithSecret | SignWithKeys;

/**
 * Returns the token of a link to an archive: a JWT (RFC 7519) with `aud: "ziplink"`, `exp`, `jti` and, as
 * `zip`, the spec or a reference to its manifest. Rejects with `malformed` for an invalid spec, title, issuer
 * or secret, or if no key can sign; `link_too_long` if the spec needs a manifest and there is no
 * `manifests`; and the errors of `ManifestStore.keep`.
 */
export async function signLink(spec: ArchiveSpec, options: SignLinkOptions): Promise<string> {
  const keys = "keys" in options ? options.keys : secretKeys(options.secret);
  const id = options.id ?? crypto.randomUUID();
  const { etag, ...contents } = parseArchiveSpec(spec);
  const pin = etag === undefined ? {} : { etag };
  const claims = toClaims({ ...contents, ...pin }, id, options);
  const { manifests, maxTokenLength = MAILED_TOKEN_LENGTH } = options;
  const limit = manifests === undefined ? MAX_TOKEN_LENGTH : maxTokenLength;
  // Measured first: a signature of several megabytes takes as much memory over and over.
  const length = jwtLength(claims, keys);
  if (length <= limit) return signJwt(claims, keys);
  if (manifests === undefined) throw tooLong(length);
  const reference = await manifests.keep(contents as ArchiveSpec);
  return signJwt(toClaims({ ...reference, ...pin }, id, options), keys);
}

function toClaims(zip: object, id: string, options: LinkClaims): JWTPayload {
  const { expires, notBefore, subject, caller, title, issuer, message } = options;
  parseCheckedClaims({ title, iss: issuer, message, client_id: caller });
  return {
    aud: AUDIENCE,
    iat: toSeconds(new Date()),
    exp: toSeconds(expires),
    ...(notBefore ? { nbf: toSeconds(notBefore) } : {}),
    jti: id,
    ...(subject === undefined ? {} : { sub: subject }),
    ...(caller === undefined ? {} : { client_id: caller }),
    ...(issuer === undefined ? {} : { iss: issuer }),
    ...(title === undefined ? {} : { title }),
    ...(message === undefined ? {} : { message }),
    zip,
  };
}

/** Returns a NumericDate (RFC 7519, 2). */
function toSeconds(date: Date): number {
  return Math.floor(date.getTime() / 1000);
}

function tooLong(length: number): ZiplinkError {
  return new ZiplinkError(
    "link_too_long",
    `This link's token would have ${length} characters; the limit is ${MAX_TOKEN_LENGTH}, as longer ` +
      "URLs do not work everywhere. Ask for a prefix or for fewer files, or give the service a MANIFEST_STORE.",
    { details: { limit: MAX_TOKEN_LENGTH, total: length } },
  );
}

/** A link whose token is verified, but whose archive spec is not loaded yet. */
export interface VerifiedToken extends Omit<Link, "spec"> {
  /** `zip`: an archive spec or a reference to its manifest; not parsed yet. */
  readonly zip: unknown;
}

/**
 * Verifies a link's token. Its `kid` selects the key, which determines the algorithm. Only the token is looked
 * at, so the result reveals nothing about any object and needs no call of a store. Rejects with `unauthorized`
 * if the token is forged, not canonical or meant for another purpose, `expired` if it is genuine but too old,
 * and `malformed` if it is genuine but its `exp`, `title`, `iss`, `message` or `client_id` is invalid.
 */
export async function verifyLinkToken(token: string, keys: JwtKeys): Promise<VerifiedToken> {
  const claims = await verifyToken(token, keys);
  const { title, iss: issuer, message, client_id: caller } = parseCheckedClaims(claims);
  return {
    id: claims.jti ?? digestToken(token).slice(0, 16),
    ...(claims.sub === undefined ? {} : { subject: claims.sub }),
    ...(caller === undefined ? {} : { caller }),
    ...(title === undefined ? {} : { title }),
    ...(issuer === undefined ? {} : { issuer }),
    ...(message === undefined ? {} : { message }),
    expires: toDate(claims.exp ?? 0),
    zip: claims.zip,
  };
}

/**
 * Loads the archive spec of a verified token. Rejects with `malformed` for an invalid spec, and with the
 * errors of `ManifestStore.load`.
 *
 * @param manifests the store that keeps manifests, if any
 */
export async function loadLink(
  { zip, ...link }: VerifiedToken,
  manifests?: ManifestStore,
  signal?: AbortSignal,
): Promise<Link> {
  return { ...link, spec: await specOf(zip, manifests, signal) };
}

/** Verifies a link's token and loads its archive spec. Rejects as `verifyLinkToken` and `loadLink` do. */
export async function verifyLink(
  token: string,
  keys: JwtKeys,
  manifests?: ManifestStore,
  signal?: AbortSignal,
): Promise<Link> {
  return loadLink(await verifyLinkToken(token, keys), manifests, signal);
}

/**
 * Returns the maker of the link that `verifyLinkToken` rejected as expired: such a link is genuine, as its
 * signature is verified first. `undefined` for any other error, or if the link names none.
 */
export function issuerOfExpired(error: unknown): string | undefined {
  const cause = error instanceof ZiplinkError && error.code === "expired" ? error.cause : undefined;
  if (!(cause instanceof errors.JWTExpired)) return undefined;
  const { success, data } = validate(checkedClaims, cause.payload);
  return success ? data.iss : undefined;
}

/** Throws `malformed` for a NumericDate that no `Date` can hold, about 273,000 years from now. */
function toDate(seconds: number): Date {
  const date = new Date(seconds * 1000);
  if (!Number.isNaN(date.getTime())) return date;
  throw new ZiplinkError("malformed", "exp: is too far in the future.", {
    details: { field: "exp" },
  });
}

function parseCheckedClaims(claims: unknown): z.infer<typeof checkedClaims> {
  const result = validate(checkedClaims, claims);
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
    throw new ZiplinkError(
      "malformed",
      "zip.manifest: this service has no MANIFEST_STORE to load the list of files from.",
      { details: { field: "zip.manifest" } },
    );
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
    if (cause instanceof MangledToken) {
      throw new ZiplinkError(
        "unauthorized",
        "This link was cut off or mangled on its way. Copy all of it, or ask for a new one.",
        { cause, details: { reason: "mangled" } },
      );
    }
    if (cause instanceof errors.JOSEError) {
      throw new ZiplinkError("unauthorized", "This link is not valid.", { cause });
    }
    throw cause;
  }
}
