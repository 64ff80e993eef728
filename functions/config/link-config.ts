import * as z from "zod/mini";
import { type JwtKeys, parseJwks, secretKeys } from "../../core/links/jwt-keys.ts";
import { type Environment, needChange, parse, secretSchema } from "./environment.ts";
import { type Location, locationSchema } from "./location.ts";
import { type StoresConfig, storesSettings, toStoresConfig } from "./stores-config.ts";

/** A JSON Web Key Set as a setting has it. */
export const jwksSchema = z.pipe(
  z.string(),
  z.transform((text: string, { issues }): JwtKeys => {
    try {
      return parseJwks(text);
    } catch (error) {
      // Its messages name fields and quote nothing.
      const message = `is no key set: ${(error as Error).message}`;
      issues.push({ code: "custom", message, input: text });
      return z.NEVER;
    }
  }),
);

/** What making a link needs. */
const schema = z.object({
  ...storesSettings,
  LINK_SECRET: z.optional(secretSchema),
  LINK_JWKS: z.optional(jwksSchema),
  MANIFEST_STORE: z.optional(locationSchema),
});

/** The settings that making a link needs, as part of all. */
export const linkSettings = schema.shape;

/** What links are made with, by the service and by `npm run link` alike. */
export interface LinkConfig extends StoresConfig {
  readonly linkKeys: JwtKeys;
  /** Where the archive specs of links are kept that are too long for a URL. */
  readonly manifestStore: Location | undefined;
}

/** The settings that making a link needs. Throws `ConfigError`. */
export function readLinkConfig(env: Environment): LinkConfig {
  return toLinkConfig(parse(schema, env));
}

/** Throws `ConfigError` unless there is one set of keys. */
export function toLinkConfig(data: z.infer<typeof schema>): LinkConfig {
  return {
    linkKeys: toLinkKeys(data),
    manifestStore: data.MANIFEST_STORE,
    ...toStoresConfig(data),
  };
}

function toLinkKeys({ LINK_SECRET: secret, LINK_JWKS: keys }: z.infer<typeof schema>): JwtKeys {
  if (secret !== undefined && keys !== undefined) {
    throw needChange("LINK_SECRET and LINK_JWKS are both set; one is enough");
  }
  if (keys !== undefined) return keys;
  if (secret !== undefined) return secretKeys(secret);
  throw needChange("LINK_SECRET is not set, nor is LINK_JWKS");
}
