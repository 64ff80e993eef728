/** Defaults shared by the settings and by applications that mount the service. Sizes are in bytes. */
export const defaults = {
  limits: { maxEntries: 10_000, maxBytes: 1_000_000_000_000 },
  cacheSeconds: 10,
  keepAliveSeconds: 65,
  cacheControl: "private, no-store",
  /** Lifetime of a link of `POST /links`, and of the command `link`, that states none. */
  linkSeconds: 3_600,
  maxLinkSeconds: 7 * 86_400,
  maxLinkLength: 1_800,
  maxBodyBytes: 5_000_000,
  clientStallSeconds: 30,
  drainSeconds: 10,
} as const;
