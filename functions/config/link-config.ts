import * as z from "zod/mini";
import { type JwtKeys, parseJwks, secretKeys } from "../../core/links/jwt-keys.ts";
import { defaults } from "./defaults.ts";
import { type Environment, integer, needChange, parse, secretSchema } from "./environment.ts";
import { type Location, locationSchema } from "./location.ts";
import { type StoresConfig, storesSettings, toStoresConfig } from "./stores-config.ts";

/** A JSON Web Key Set in a setting. */
export const jwksSchema = z.pipe(
  z.string(),
  z.transform((text: string, { issues }): JwtKeys => {
    try {
      return parseJwks(text);
    } catch (error) {
      // These messages name fields and never quote a value.
      const message = `must be a JSON Web Key Set: ${(error as Error).message}`;
      issues.push({ code: "custom", message, input: text });
      return z.NEVER;
    }
  }),
);

/** Settings needed to make links. */
const schema = z.object({
  ...storesSettings,
  LINK_SECRET: z.optional(secretSchema),
  LINK_JWKS: z.optional(jwksSchema),
  MANIFEST_STORE: z.optional(locationSchema),
  MAX_LINK_LENGTH: z._default(integer(1), defaults.maxLinkLength),
});

/** The same settings, as a part of all settings. */
export const linkSettings = schema.shape;

/** Configuration for making links, for the service and for `npm run link` alike. */
export interface LinkConfig extends StoresConfig {
  readonly linkKeys: JwtKeys;
  /** Where archive specs that are too long for a link's URL are stored. */
  readonly manifestStore: Location | undefined;
  /** Longest URL of a link that states its archive spec itself, in characters, if there is a manifest store. */
  readonly maxLinkLength: number;
}

/** Reads the settings needed to make links. Throws `ConfigError`. */
export function readLinkConfig(env: Environment): LinkConfig {
  return toLinkConfig(parse(schema, env));
}

/** Converts parsed settings. Throws `ConfigError` unless exactly one set of link keys is set. */
export function toLinkConfig(data: z.infer<typeof schema>): LinkConfig {
  return {
    linkKeys: toLinkKeys(data),
    manifestStore: data.MANIFEST_STORE,
    maxLinkLength: data.MAX_LINK_LENGTH,
    ...toStoresConfig(data),
  };
}

function toLinkKeys({ LINK_SECRET: secret, LINK_JWKS: keys }: z.infer<typeof schema>): JwtKeys {
  if (secret !== undefined && keys !== undefined) {
    throw needChange("LINK_SECRET and LINK_JWKS: set only one of them");
  }
  if (keys !== undefined) return keys;
  if (secret !== undefined) return secretKeys(secret);
  throw needChange("LINK_SECRET is not set; set it, or LINK_JWKS");
}
