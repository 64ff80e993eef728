import * as z from "zod/mini";
import { canSign, type JwtKeys, secretKeys, shareKey } from "../../core/links/jwt-keys.ts";
import { listSchema, needChange, secretSchema } from "./environment.ts";
import { jwksSchema } from "./link-config.ts";

/** How the callers of `POST /zip` and `POST /links` are told. */
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

/** The settings that are about callers. */
export const authSettings = schema.shape;

/**
 * The one way that is set, if any. Throws `ConfigError` for several, for half of one, and for keys that
 * are a link's too: whoever mints links would be a caller then.
 */
export function toAuthConfig(
  data: z.infer<typeof schema>,
  linkKeys: JwtKeys,
): AuthConfig | undefined {
  const [one, ...others] = waysOf(data);
  if (one === undefined) {
    if (data.GOOGLE_ALLOWED_EMAILS.length > 0) throw needChange("GOOGLE_AUDIENCE is not set");
    return undefined;
  }
  if (others.length > 0) {
    throw needChange("API_SECRET, API_JWKS, GOOGLE_AUDIENCE and API_AUTH: set only one of them");
  }
  if (!canSign(linkKeys)) {
    throw needChange("LINK_JWKS has no key that can sign, as POST /links must");
  }
  if (one.kind === "google" && one.allowedEmails.length === 0) {
    throw needChange("GOOGLE_ALLOWED_EMAILS is not set");
  }
  if (one.kind === "jwt" && shareKey(one.keys, linkKeys)) {
    throw needChange("API_SECRET or API_JWKS has a key of LINK_SECRET or LINK_JWKS; make another");
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
