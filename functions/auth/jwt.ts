import { errors } from "jose";
import * as z from "zod/mini";
import { ZiplinkError } from "../../core/errors.ts";
import type { Auth, Caller } from "../../core/http/caller.ts";
import { validate } from "../../core/input/validate.ts";
import { type JwtKeys, verifyJwt } from "../../core/links/jwt-keys.ts";
import { badBearer, bearerToken } from "./bearer.ts";

const AUDIENCE = "ziplink-api";

/** What a caller may ask for. Strict: a restriction that is not known here must not be passed over. */
const scopeSchema = z.strictObject({
  prefixes: z.array(z.string().check(z.maxLength(1024))).check(z.minLength(1), z.maxLength(1000)),
});

/**
 * Callers with a JWT of their own: `aud: "ziplink-api"`, `exp`, `sub`, and `scope.prefixes`, which
 * `[""]` makes everything.
 *
 * @param keys never those of links
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
    'The bearer token\'s scope must be of the form {"prefixes": ["folder/"]}; [""] is for everything.',
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
