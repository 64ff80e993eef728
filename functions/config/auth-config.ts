import * as z from "zod/mini";
import { canSign, type JwtKeys, secretKeys, shareKey } from "../../core/links/jwt-keys.ts";
import { listSchema, needChange, secretSchema } from "./environment.ts";
import { jwksSchema } from "./link-config.ts";

/** How callers of `POST /zip` and `POST /links` authenticate. */
export type AuthConfig =
  | { readonly kind: "jwt"; readonly keys: JwtKeys }
  | {
      readonly kind: "google";
      readonly audience: string;
      readonly allowedEmails: readonly string[];
    }
  | { readonly kind: "platform" };

const schema = z.object({
  API_SECRET: z.optional(secretSchema),
  API_JWKS: z.optional(jwksSchema),
  GOOGLE_AUDIENCE: z.optional(z.string().check(z.minLength(1))),
  GOOGLE_ALLOWED_EMAILS: z._default(listSchema, []),
  API_AUTH: z.optional(z.literal("platform")),
});

/** Settings for authenticating callers. */
export const authSettings = schema.shape;

/**
 * Returns the authentication method that is set, if any. Throws `ConfigError` if several are set, if one
 * is incomplete, if the link keys cannot sign, and if a key is also a link key: anyone able to mint
 * links could then act as a caller.
 */
export function toAuthConfig(
  data: z.infer<typeof schema>,
  linkKeys: JwtKeys,
): AuthConfig | undefined {
  const [one, ...others] = waysOf(data);
  if (one === undefined) {
    if (data.GOOGLE_ALLOWED_EMAILS.length > 0)
      throw needChange("GOOGLE_ALLOWED_EMAILS needs GOOGLE_AUDIENCE");
    return undefined;
  }
  if (others.length > 0) {
    throw needChange("API_SECRET, API_JWKS, GOOGLE_AUDIENCE and API_AUTH: set only one of them");
  }
  if (!canSign(linkKeys)) {
    throw needChange("LINK_JWKS needs a key that can sign, because POST /links makes links");
  }
  if (one.kind === "google" && one.allowedEmails.length === 0) {
    throw needChange("GOOGLE_AUDIENCE needs GOOGLE_ALLOWED_EMAILS");
  }
  if (one.kind === "jwt" && shareKey(one.keys, linkKeys)) {
    throw needChange(
      "API_SECRET or API_JWKS shares a key with LINK_SECRET or LINK_JWKS; use another",
    );
  }
  return one;
}

function waysOf(data: z.infer<typeof schema>): AuthConfig[] {
  const ways: AuthConfig[] = [];
  if (data.API_SECRET) ways.push({ kind: "jwt", keys: secretKeys(data.API_SECRET) });
  if (data.API_JWKS) ways.push({ kind: "jwt", keys: data.API_JWKS });
  if (data.GOOGLE_AUDIENCE) {
    const { GOOGLE_AUDIENCE: audience, GOOGLE_ALLOWED_EMAILS: allowedEmails } = data;
    ways.push({ kind: "google", audience, allowedEmails });
  }
  if (data.API_AUTH) ways.push({ kind: data.API_AUTH });
  return ways;
}
