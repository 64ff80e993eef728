import { OAuth2Client, type TokenPayload } from "google-auth-library";
import { ZiplinkError } from "../../core/errors.ts";
import type { Auth } from "../../core/http/caller.ts";
import { badBearer, bearerToken } from "./bearer.ts";

/** Issuers of Google's ID tokens: https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken */
const ISSUERS = ["https://accounts.google.com", "accounts.google.com"];

type Certificates = Parameters<OAuth2Client["verifySignedJwtWithCertsAsync"]>[1];

/** Options of `createGoogleAuth`. */
export interface GoogleAuthOptions {
  /** Audience (`aud`) that tokens must be issued for. */
  readonly audience: string;
  /** Email addresses of accepted accounts. Case is ignored; Google must have verified the address. */
  readonly allowedEmails: readonly string[];
  /** Fetches Google's certificates, and caches them for as long as Google allows. */
  readonly client?: Pick<
    OAuth2Client,
    "getFederatedSignonCertsAsync" | "verifySignedJwtWithCertsAsync"
  >;
}

/**
 * Authenticates callers by a Google ID token, of a service account or a person. They may request
 * everything; the audit log identifies them by Google's `sub`, not by email address.
 */
export function createGoogleAuth(options: GoogleAuthOptions): Auth {
  const { audience, client = new OAuth2Client() } = options;
  const allowed = new Set(options.allowedEmails.map((email) => email.toLowerCase()));

  return async (request) => {
    const token = bearerToken(request);
    const certificates = await getCertificates();
    const payload = await verify(token, certificates);
    const { sub, email, email_verified: isVerified } = payload;
    if (!sub) throw badBearer();
    if (isVerified !== true || email === undefined || !allowed.has(email.toLowerCase())) {
      throw new ZiplinkError("forbidden", "This account may not use this service.");
    }
    return { id: sub, prefixes: [""] };
  };

  async function getCertificates() {
    try {
      return (await client.getFederatedSignonCertsAsync()).certs;
    } catch (cause) {
      throw new ZiplinkError(
        "unavailable",
        "Google's certificates cannot be fetched. Try again later.",
        { cause },
      );
    }
  }

  async function verify(token: string, certificates: Certificates) {
    try {
      const ticket = await client.verifySignedJwtWithCertsAsync(
        token,
        certificates,
        audience,
        ISSUERS,
      );
      const payload: Partial<TokenPayload> = ticket.getPayload() ?? {};
      return payload;
    } catch (cause) {
      // The library's messages quote the token. Causes are never sent, and are logged without messages.
      throw badBearer(cause);
    }
  }
}
