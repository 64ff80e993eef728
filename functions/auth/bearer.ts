import { ZiplinkError } from "../../core/errors.ts";

/** The token of an `Authorization: Bearer` header (RFC 6750, 2.1). Throws `unauthorized` without one. */
export function bearerToken({ headers }: Request): string {
  const [, token] = /^bearer +([\w.~+/-]+=*) *$/i.exec(headers.get("Authorization") ?? "") ?? [];
  if (token !== undefined) return token;
  throw new ZiplinkError(
    "unauthorized",
    "This needs a bearer token: send Authorization: Bearer and a token.",
  );
}

/** A token that was shown is not good; why, only the audit log tells. */
export function badBearer(cause?: unknown): ZiplinkError {
  return new ZiplinkError("unauthorized", "The bearer token is not valid.", { cause });
}
