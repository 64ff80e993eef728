import * as z from "zod/mini";
import { needChange, secretSchema } from "./environment.ts";
import { type Location, locationSchema } from "./location.ts";

/** A location whose objects are sealed: encrypted and authenticated. */
export interface SealedStore {
  readonly location: Location;
  /** Secret from which the sealing keys are derived. */
  readonly secret: string;
}

const schema = z.object({
  CRC_STORE: z.optional(locationSchema),
  CRC_STORE_SECRET: z.optional(secretSchema),
});

/** Settings for stored checksums. */
export const crcSettings = schema.shape;

/**
 * Returns the checksum store that is set, if any. Throws `ConfigError` if it has no secret: LINK_SECRET
 * is the default, but the keys of LINK_JWKS rotate and so cannot serve as one.
 */
export function toCrcStore(
  data: z.infer<typeof schema> & { readonly LINK_SECRET?: string | undefined },
): SealedStore | undefined {
  const { CRC_STORE: location, CRC_STORE_SECRET: secret = data.LINK_SECRET } = data;
  if (location === undefined) return undefined;
  if (secret !== undefined) return { location, secret };
  throw needChange("CRC_STORE with LINK_JWKS needs CRC_STORE_SECRET");
}
