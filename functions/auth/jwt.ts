import { errors } from "jose";
import * as z from "zod/mini";
import { ZiplinkError } from "../../core/errors.ts";
import type { Auth, Caller } from "../../core/http/caller.ts";
import { validate } from "../../core/input/validate.ts";
import { type JwtKeys, verifyJwt } from "../../core/links/jwt-keys.ts";
import { badBearer, bearerToken } from "./bearer.ts";

const AUDIENCE = "ziplink-api";

/** The scope of a caller. Strict, because an unknown restriction must not be ignored. */
const scopeSchema = z.strictObject({
  prefixes: z.array(z.string().check(z.maxLength(1024))).check(z.minLength(1), z.maxLength(1000)),
});

/**
 * Authenticates callers by a JWT with `aud: "ziplink-api"`, `exp`, `sub`, and `scope.prefixes`, where
 * `[""]` allows everything.
 *
 * @param keys must not be the keys of links
 */
export function createJwtAuth(keys: JwtKeys): Auth {
  return async (request) => {
    const { sub: id, scope } = await verify(bearerToken(request), keys);
    if (typeof id !== "string" || id === "") throw badBearer();
    return scope === undefined ? { id } : { id, prefixes: parseScope(scope) };
  };
}

function parseScope(scope: unknown): NonNullable<Caller["prefixes"]> {
  const result = validate(scopeSchema, scope);
  if (result.success) return result.data.prefixes;
  throw new ZiplinkError(
    "forbidden",
    'The bearer token\'s scope must have the form {"prefixes": ["folder/"]}; [""] allows everything.',
  );
}

async function verify(token: string, keys: JwtKeys) {
  try {
    const options = { audience: AUDIENCE, requiredClaims: ["exp", "sub"] };
    return await verifyJwt(token, keys, options);
  } catch (cause) {
    if (cause instanceof errors.JOSEError) throw badBearer(cause);
    throw cause;
  }
}
