import { OAuth2Client, type TokenPayload } from "google-auth-library";
import { ZiplinkError } from "../../core/errors.ts";
import type { Auth } from "../../core/http/caller.ts";
import { badBearer, bearerToken } from "./bearer.ts";

/** https://developers.google.com/identity/openid-connect/openid-connect#validatinganidtoken */
const ISSUERS = ["https://accounts.google.com", "accounts.google.com"];

type Certificates = Parameters<OAuth2Client["verifySignedJwtWithCertsAsync"]>[1];

/** Whose ID tokens are taken. */
export interface GoogleAuthOptions {
  /** The `aud` of tokens that are meant for this service. */
  readonly audience: string;
  /** Whose tokens are taken; compared without regard to case, and only if Google has verified them. */
  readonly allowedEmails: readonly string[];
  /** Fetches Google's certificates, and keeps them as long as Google says. */
  readonly client?: Pick<
    OAuth2Client,
    "getFederatedSignonCertsAsync" | "verifySignedJwtWithCertsAsync"
  >;
}

/**
 * Callers with an ID token of Google's, such as a service account's or a person's. They may ask for
 * everything; the audit log names them by Google's `sub`, not by their e-mail.
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
      throw new ZiplinkError("unavailable", "Google's certificates cannot be had now.", { cause });
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
      // The library's messages quote the token; causes are never shown, and logged without them.
      throw badBearer(cause);
    }
  }
}
