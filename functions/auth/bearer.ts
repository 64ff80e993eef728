import { ZiplinkError } from "../../core/errors.ts";

/** Returns the token of an `Authorization: Bearer` header (RFC 6750, 2.1); throws `unauthorized` if absent. */
export function bearerToken({ headers }: Request): string {
  const [, token] = /^bearer +([\w.~+/-]+=*) *$/i.exec(headers.get("Authorization") ?? "") ?? [];
  if (token !== undefined) return token;
  throw new ZiplinkError(
    "unauthorized",
    "A bearer token is required: send Authorization: Bearer <token>.",
  );
}

/** Returns the error for an invalid bearer token. Only the audit log says why it is invalid. */
export function badBearer(cause?: unknown): ZiplinkError {
  return new ZiplinkError("unauthorized", "The bearer token is not valid.", { cause });
}
