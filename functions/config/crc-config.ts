import * as z from "zod/mini";
import { needChange, secretSchema } from "./environment.ts";
import { type Location, locationSchema } from "./location.ts";

/** A place whose objects are sealed. */
export interface SealedStore {
  readonly location: Location;
  /** What the keys are derived from that seal them. */
  readonly secret: string;
}

const schema = z.object({
  CRC_STORE: z.optional(locationSchema),
  CRC_STORE_SECRET: z.optional(secretSchema),
});

/** The settings that are about kept checksums. */
export const crcSettings = schema.shape;

/** Throws `ConfigError` where there is a place and no secret: a set of link keys has none that lasts. */
export function toCrcStore(
  data: z.infer<typeof schema> & { readonly LINK_SECRET?: string | undefined },
): SealedStore | undefined {
  const { CRC_STORE: location, CRC_STORE_SECRET: secret = data.LINK_SECRET } = data;
  if (location === undefined) return undefined;
  if (secret !== undefined) return { location, secret };
  throw needChange("CRC_STORE_SECRET is not set, which CRC_STORE needs beside LINK_JWKS");
}
